import "./privacy.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import { useState } from "react";
import { isBeingMade, type AnyExport, type Exporter } from "../../api/privacy";
import { BusyButton } from "../../components/BusyButton";
import { Confirm } from "../../components/Confirm";
import { Empty } from "../../components/Empty";
import { Problem } from "../../components/Problem";
import { Progress } from "../../components/Progress";
import { formatBytes, formatDate } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";

const text = strings.privacy;

/** Copies of everything of a person or an organization, from asking for one to deleting it. */
export function Exports({
  icon: Icon,
  of,
  says,
}: {
  icon: LucideIcon;
  of: Exporter;
  says: { title: string; lead: string; none: string; noneText: string };
}) {
  const client = useQueryClient();
  const list = useQuery({
    queryKey: of.key,
    queryFn: ({ signal }) => of.list(signal),
    // Again and again while one is being made.
    refetchInterval: (query) => (query.state.data?.items.some(isBeingMade) ? 1500 : false),
  });
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: of.key });
  const ask = useMutation({
    mutationFn: of.ask,
    onSuccess: () => showToast(text.exportAsked),
    onSettled: refresh,
  });
  const [doomed, setDoomed] = useState<AnyExport | null>(null);
  const remove = async ({ id }: AnyExport): Promise<void> => {
    try {
      await of.remove(id);
      showToast(text.exportDeleted);
    } finally {
      void refresh();
    }
  };
  const fetchIt = useMutation({
    mutationFn: of.find,
    onSuccess: ({ download_url: address }) => {
      if (address !== null) window.location.assign(address);
    },
  });
  const error = ask.error ?? fetchIt.error;
  const items = list.data?.items ?? [];
  return (
    <section className="settings__section">
      <div>
        <h2>{says.title}</h2>
        <p className="soft">{says.lead}</p>
      </div>
      {error === null ? null : <Problem error={error} />}
      {list.isPending ? (
        <div className="skeleton" style={{ height: 56 }} />
      ) : list.data === undefined ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={Icon} title={says.none} text={says.noneText} />
      ) : (
        <ul className="rows" aria-label={says.title}>
          {items.map((one) => (
            <ExportRow
              key={one.id}
              icon={Icon}
              one={one}
              onDownload={() => fetchIt.mutate(one.id)}
              onDelete={() => setDoomed(one)}
            />
          ))}
        </ul>
      )}
      <div>
        <BusyButton
          type="button"
          className="button button--primary"
          busy={ask.isPending || items.some(isBeingMade)}
          onClick={() => ask.mutate()}
        >
          {text.exportAsk}
        </BusyButton>
      </div>
      {doomed ? (
        <Confirm
          title={text.exportDeleteTitle(nameOf(doomed))}
          text={text.exportDeleteText}
          action={strings.common.remove}
          onConfirm={() => remove(doomed)}
          onClose={() => setDoomed(null)}
        />
      ) : null}
    </section>
  );
}

const nameOf = (one: AnyExport): string => text.exportOf(formatDate(one.requested_at));

function ExportRow({
  icon: Icon,
  one,
  onDownload,
  onDelete,
}: {
  icon: LucideIcon;
  one: AnyExport;
  onDownload: () => void;
  onDelete: () => void;
}) {
  const name = nameOf(one);
  const facts =
    one.size_bytes === null || one.expires_at === null
      ? one.message
      : text.exportKept(formatBytes(one.size_bytes), formatDate(one.expires_at));
  const by = one.requested_by == null ? null : text.exportBy(one.requested_by);
  return (
    <li className="row privacy__export">
      <span className="row__icon">
        <Icon size={20} strokeWidth={1.75} aria-hidden />
      </span>
      <div className="row__text">
        <p className="row__name">
          <span className="truncate">{name}</span>
          <span className="tag" role="status">
            {text.exportStatus[one.status]}
          </span>
        </p>
        {isBeingMade(one) ? (
          <div className="privacy__progress">
            <Progress label={text.exportProgress(name)} value={one.progress} />
          </div>
        ) : facts === null && by === null ? null : (
          <p className="faint small">{[facts, by].filter((part) => part !== null).join(" · ")}</p>
        )}
      </div>
      <div className="privacy__actions">
        {one.status === "ready" ? (
          <button type="button" className="button button--small" aria-label={text.exportDownload(name)} onClick={onDownload}>
            {text.download}
          </button>
        ) : null}
        <button type="button" className="button button--small" aria-label={text.exportDelete(name)} onClick={onDelete}>
          {strings.common.remove}
        </button>
      </div>
    </li>
  );
}
