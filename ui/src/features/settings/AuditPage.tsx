import "./audit.css";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { request } from "../../api/client";
import { auditLogQuery } from "../../api/queries";
import type { AuditEntry } from "../../api/types";
import { AUDITED } from "../../app/router";
import { Problem } from "../../components/Problem";
import { save } from "../../lib/download";
import { formatDateTime } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { tell } from "../library/actions";

const EXPORTS = [
  { format: "csv", label: strings.audit.exportCsv },
  { format: "jsonl", label: strings.audit.exportJsonl },
] as const;

/** Who changed what in this organization, for its owners. */
export function AuditPage() {
  useTitle(strings.settings.audit);
  const { kind = "" } = useSearch({ from: "/app/settings/audit" });
  const navigate = useNavigate();
  const list = useInfiniteQuery(auditLogQuery(kind));
  const entries = list.data?.pages.flatMap((page) => page.items) ?? [];
  const download = useMutation({
    mutationFn: async (format: string) => {
      const answer = await request("GET", "/audit-log/export", { query: { format, action: kind } });
      save(await answer.blob(), `audit-log.${format}`);
    },
    onError: tell,
  });

  return (
    <section className="settings__section">
      <div className="settings__head">
        <div>
          <h2>{strings.settings.audit}</h2>
          <p className="soft">{strings.audit.lead}</p>
        </div>
        <DropdownMenu.Root>
          <DropdownMenu.Trigger className="button" disabled={download.isPending}>
            <Download size={16} aria-hidden />
            {strings.audit.export}
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
              {EXPORTS.map(({ format, label }) => (
                <DropdownMenu.Item key={format} className="menu__item" onSelect={() => download.mutate(format)}>
                  {label}
                </DropdownMenu.Item>
              ))}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
      <label className="audit__filter">
        <span className="soft small">{strings.audit.only}</span>
        <select
          className="select"
          value={kind}
          onChange={(event) => {
            const chosen = AUDITED.find((known) => known === event.target.value);
            void navigate({ to: "/settings/audit", search: chosen ? { kind: chosen } : {}, replace: true });
          }}
        >
          <option value="">{strings.audit.all}</option>
          {AUDITED.map((known) => (
            <option key={known} value={known}>
              {strings.audit.kinds[known]}
            </option>
          ))}
        </select>
      </label>
      {list.isPending ? (
        <div className="skeleton" style={{ height: 240 }} />
      ) : list.isError && entries.length === 0 ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : entries.length === 0 ? (
        <p className="faint">{strings.audit.none}</p>
      ) : (
        <ol className="audit" aria-label={strings.settings.audit} aria-busy={list.isPlaceholderData}>
          {entries.map((entry) => (
            <Entry key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
      {list.hasNextPage ? (
        <div>
          <button type="button" className="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {strings.common.loadMore}
          </button>
        </div>
      ) : null}
    </section>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const fields = [...new Set([...Object.keys(entry.old ?? {}), ...Object.keys(entry.new ?? {})])].sort();
  const facts = [
    entry.address === null ? null : strings.audit.from(entry.address),
    entry.user_agent,
    entry.request_id === null ? null : strings.audit.request(entry.request_id),
    entry.seq === null ? strings.audit.unsealed : strings.audit.sealed(entry.seq),
  ];
  return (
    <li>
      <details className="audit__entry">
        <summary>
          <span className="audit__what">{sentence(entry)}</span>
          <time className="faint small" dateTime={entry.occurred_at}>
            {formatDateTime(entry.occurred_at)}
          </time>
        </summary>
        {entry.is_erased ? <p className="soft small">{strings.audit.erased}</p> : null}
        {fields.length > 0 ? (
          <div className="audit__scroll">
            <table className="audit__values">
              <thead>
                <tr>
                  <th scope="col">{strings.audit.field}</th>
                  <th scope="col">{strings.audit.before}</th>
                  <th scope="col">{strings.audit.after}</th>
                </tr>
              </thead>
              <tbody>
                {fields.map((field) => (
                  <tr key={field}>
                    <th scope="row">{field}</th>
                    <td>{shown(entry.old?.[field])}</td>
                    <td>{shown(entry.new?.[field])}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : null}
        <p className="faint small audit__facts">{facts.filter((fact) => fact !== null).join(" · ")}</p>
      </details>
    </li>
  );
}

/** "Ada changed the video “Harbour”". */
export function sentence({ actor, action, target_kind: kind, label }: AuditEntry): string {
  const name = actor.name ?? (actor.id === null ? strings.audit.system : strings.audit.formerMember);
  const who = actor.kind === "api_key" ? strings.audit.byKey(name) : name;
  if (action === "session.created") return strings.audit.signedIn(who);
  if (action === "session.deleted") return strings.audit.signedOut(who);
  const done = action.slice(action.indexOf(".") + 1);
  const thing = strings.audit.things[kind] ?? kind;
  return strings.audit.did(who, strings.audit.verbs[done] ?? done, label === null ? thing : strings.audit.named(thing, label));
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return strings.audit.nothing;
  return typeof value === "string" ? value : JSON.stringify(value);
}
