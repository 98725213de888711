import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import { exportsQuery, isBeingMade, privacyCommands } from "../../api/privacy";
import { keys } from "../../api/queries";
import type { Export } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Problem } from "../../components/Problem";
import { formatBytes, formatDate } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";

const text = strings.privacy;

/** Copies of everything, from asking for one to deleting it. */
export function Exports({ icon: Icon }: { icon: LucideIcon }) {
  const client = useQueryClient();
  const list = useQuery(exportsQuery);
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: keys.exports });
  const ask = useMutation({
    mutationFn: privacyCommands.export,
    onSuccess: () => showToast(text.exportAsked),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: privacyCommands.deleteExport,
    onSuccess: () => showToast(text.exportDeleted),
    onSettled: refresh,
  });
  const fetchIt = useMutation({
    mutationFn: privacyCommands.findExport,
    onSuccess: ({ download_url: address }) => {
      if (address !== null) window.location.assign(address);
    },
  });
  const error = ask.error ?? remove.error ?? fetchIt.error;
  const items = list.data?.items ?? [];
  return (
    <section className="settings__section">
      <div>
        <h2>{text.exports}</h2>
        <p className="soft">{text.exportsLead}</p>
      </div>
      {error === null ? null : <Problem error={error} />}
      {list.isPending ? (
        <div className="skeleton" style={{ height: 56 }} />
      ) : list.isError ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={Icon} title={text.exportNone} text={text.exportNoneText} />
      ) : (
        <ul className="rows" aria-label={text.exports}>
          {items.map((one) => (
            <ExportRow
              key={one.id}
              icon={Icon}
              one={one}
              onDownload={() => fetchIt.mutate(one.id)}
              onDelete={() => remove.mutate(one.id)}
            />
          ))}
        </ul>
      )}
      <div>
        <button
          type="button"
          className="button button--primary"
          disabled={ask.isPending || items.some(isBeingMade)}
          onClick={() => ask.mutate()}
        >
          {text.exportAsk}
        </button>
      </div>
    </section>
  );
}

function ExportRow({
  icon: Icon,
  one,
  onDownload,
  onDelete,
}: {
  icon: LucideIcon;
  one: Export;
  onDownload: () => void;
  onDelete: () => void;
}) {
  const name = text.exportOf(formatDate(one.requested_at));
  const facts =
    one.size_bytes === null || one.expires_at === null
      ? one.message
      : text.exportKept(formatBytes(one.size_bytes), formatDate(one.expires_at));
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
          <progress className="privacy__progress" max={100} value={one.progress} aria-label={text.exportProgress(name)} />
        ) : facts === null ? null : (
          <p className="faint small">{facts}</p>
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
