import "./privacy.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FileArchive } from "lucide-react";
import { consentsQuery, ownExports, privacyCommands } from "../../api/privacy";
import { keys } from "../../api/queries";
import type { ConsentState } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { formatDate } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { CloseAccount } from "./CloseAccount";
import { Exports } from "./Exports";

const text = strings.privacy;

/** What one agreed to, takes along, and ends. */
export function PrivacyPage() {
  useTitle(text.title);
  return (
    <>
      <ConsentsSection />
      <Exports
        icon={FileArchive}
        of={ownExports}
        says={{ title: text.exports, lead: text.exportsLead, none: text.exportNone, noneText: text.exportNoneText }}
      />
      <CloseAccount />
    </>
  );
}

function ConsentsSection() {
  const client = useQueryClient();
  const list = useQuery(consentsQuery);
  const record = useMutation({
    mutationFn: privacyCommands.consent,
    onSuccess: (consents) => {
      client.setQueryData(keys.consents, consents);
      showToast(strings.settings.saved);
    },
  });
  const shown = list.data?.documents.filter(canBeAnswered) ?? [];
  if (list.data && shown.length === 0) return null;
  return (
    <section className="settings__section">
      <div>
        <h2>{text.consents}</h2>
        <p className="soft">{text.consentsLead}</p>
      </div>
      {record.isError ? <Problem error={record.error} /> : null}
      {list.isPending ? (
        <div className="skeleton" style={{ height: 120 }} />
      ) : list.data === undefined ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <>
          <div>
            {shown.map((one) => (
              <ConsentLine
                key={one.document}
                consent={one}
                busy={record.isPending}
                onChange={(is_given) =>
                  record.mutate({ document: one.document, is_given, ...(is_given ? { version: one.current_version } : {}) })
                }
              />
            ))}
          </div>
          {list.data.history.length > 0 ? (
            <details className="privacy__history">
              <summary>{text.history}</summary>
              <ul aria-label={text.history}>
                {list.data.history.map((one) => (
                  <li key={`${one.document} ${one.recorded_at} ${String(one.is_given)}`}>
                    <span>{text.historyLine(text.documents[one.document], one.version)}</span>
                    <span className="soft">{one.is_given ? text.given : text.ended}</span>
                    <span className="faint small">{[formatDate(one.recorded_at), one.address].filter(Boolean).join(" · ")}</span>
                  </li>
                ))}
              </ul>
            </details>
          ) : null}
        </>
      )}
    </section>
  );
}

/** Nobody agrees to a document that is nowhere to be read, but whoever did before still sees that they did. */
function canBeAnswered({ is_optional, url, recorded_at }: ConsentState): boolean {
  return is_optional || url !== null || recorded_at !== null;
}

function ConsentLine({ consent, busy, onChange }: { consent: ConsentState; busy: boolean; onChange: (given: boolean) => void }) {
  const name = text.documents[consent.document];
  const since = consent.recorded_at === null ? null : formatDate(consent.recorded_at);
  const state =
    since === null ? text.never : consent.is_given ? text.agreed(consent.version ?? "", since) : text.withdrawn(since);
  return (
    <div className="privacy__consent">
      {consent.is_optional ? (
        <label className="check">
          <input
            type="checkbox"
            checked={consent.is_given}
            aria-disabled={busy || undefined}
            onChange={(event) => {
              if (!busy) onChange(event.target.checked);
            }}
          />
          {text.marketing}
        </label>
      ) : (
        <p className="row__name">{name}</p>
      )}
      <p className="soft small">
        {state} {consent.is_given && !consent.is_current ? text.newer(consent.current_version) : ""}
      </p>
      <div className="privacy__actions">
        {consent.url === null ? null : (
          <a href={consent.url} target="_blank" rel="noreferrer">
            {text.read}
          </a>
        )}
        {!consent.is_optional && consent.url !== null && !consent.is_current ? (
          <BusyButton
            type="button"
            className="button button--small"
            aria-label={text.agree(name)}
            busy={busy}
            onClick={() => onChange(true)}
          >
            {text.agreeShort}
          </BusyButton>
        ) : null}
      </div>
    </div>
  );
}
