import "./audit.css";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronDown } from "lucide-react";
import { auditLogQuery } from "../../api/queries";
import type { AuditEntry } from "../../api/types";
import { AUDITED } from "../../app/router";
import { Choice } from "../../components/Choice";
import { PagedList } from "../../components/Listed";
import { Scrolled } from "../../components/Scrolled";
import { formatDateTime } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { ExportMenu } from "./ExportMenu";

/** Who changed what in this organization, for its owners. */
export function AuditPage() {
  useTitle(strings.settings.audit);
  const { kind } = useSearch({ from: "/app/settings/audit" });
  const navigate = useNavigate();
  const list = useInfiniteQuery(auditLogQuery(kind ?? ""));

  return (
    <section className="settings__section">
      <div className="settings__head">
        <div>
          <h2>{strings.settings.audit}</h2>
          <p className="soft">{strings.audit.lead}</p>
        </div>
        <ExportMenu
          label={strings.audit.export}
          formats={{ csv: strings.audit.exportCsv, jsonl: strings.audit.exportJsonl }}
          path="/audit-log/export"
          query={(format) => ({ format, action: kind })}
          name="audit-log"
        />
      </div>
      <Choice
        label={strings.audit.only}
        value={kind}
        options={AUDITED}
        nameOf={(known) => strings.audit.kinds[known] ?? known}
        any={strings.audit.all}
        onChoose={(chosen) => void navigate({ to: "/settings/audit", search: chosen ? { kind: chosen } : {}, replace: true })}
      />
      <PagedList
        list={list}
        label={strings.settings.audit}
        className="lines"
        height={240}
        none={<p className="faint">{strings.audit.none}</p>}
      >
        {(entry) => <Entry key={entry.id} entry={entry} />}
      </PagedList>
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
          <ChevronDown className="line__turn" size={16} aria-hidden />
        </summary>
        {entry.is_erased ? <p className="soft small">{strings.audit.erased}</p> : null}
        {fields.length > 0 ? (
          <Scrolled label={sentence(entry)} className="table-scroll">
            <table className="table audit__values">
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
          </Scrolled>
        ) : null}
        <p className="faint small audit__facts">{facts.filter((fact) => fact !== null).join(" · ")}</p>
      </details>
    </li>
  );
}

/** "Ada changed the video “Harbour”". */
export function sentence({ actor, action, target_kind: kind, label, new: fields, old: before }: AuditEntry): string {
  const by = actor.name ?? (actor.id === null ? strings.audit.system : strings.audit.formerMember);
  const who = actor.kind === "api_key" ? strings.audit.byKey(by) : by;
  if (action === "session.created") return strings.audit.signedIn(who);
  if (action === "session.deleted") return strings.audit.signedOut(who);
  const done = action.slice(action.indexOf(".") + 1);
  const thing = strings.audit.things[kind] ?? kind;
  const name = label ?? nameIn(kind, fields) ?? nameIn(kind, before);
  const what = name === null ? thing : strings.audit.named(thing, name);
  if (action === "webhook_endpoint.replayed") return strings.audit.replayed(who, what);
  return strings.audit.did(who, strings.audit.verbs[done] ?? done, what);
}

/** The field that names each of what the server keeps no label of. */
const NAMING: Record<string, string> = {
  asset: "filename",
  domain: "domain",
  webhook_endpoint: "url",
  webhook_delivery: "event",
  task: "kind",
};

/** What it is called, where that is among the values that changed. */
function nameIn(kind: string, fields: AuditEntry["new"] | undefined): string | null {
  const name = fields?.[NAMING[kind] ?? ""];
  if (typeof name !== "string") return null;
  return kind === "task" ? (strings.tasks.kinds[name] ?? name) : name;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return strings.audit.nothing;
  return typeof value === "string" ? value : JSON.stringify(value);
}
