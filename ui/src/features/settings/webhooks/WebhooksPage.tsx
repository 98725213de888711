import "./webhooks.css";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight, ExternalLink, Plus, Webhook } from "lucide-react";
import { useState } from "react";
import type { WebhookEndpoint } from "../../../api/types";
import { webhooksQuery } from "../../../api/webhooks";
import { Empty } from "../../../components/Empty";
import { Problem } from "../../../components/Problem";
import { formatDateTime } from "../../../lib/format";
import { useTitle } from "../../../lib/hooks";
import { strings } from "../../../strings";
import { EndpointDialog } from "./EndpointDialog";

/** Who is told what happens, for those who manage the organization. */
export function WebhooksPage() {
  useTitle(strings.webhooks.title);
  const list = useQuery(webhooksQuery);
  const [adding, setAdding] = useState(false);
  const endpoints = list.data?.items ?? [];
  return (
    <section className="settings__section">
      <div className="settings__head">
        <div>
          <h2>{strings.webhooks.title}</h2>
          <p className="soft">{strings.webhooks.lead}</p>
          <p>
            <a className="settings__link" href="/api/docs#messages">
              {strings.webhooks.guide}
              <ExternalLink size={16} aria-hidden />
            </a>
          </p>
        </div>
        <button type="button" className="button button--primary" onClick={() => setAdding(true)}>
          <Plus size={16} aria-hidden />
          {strings.webhooks.add}
        </button>
      </div>
      {list.isPending ? (
        <div className="skeleton" style={{ height: 120 }} />
      ) : list.data === undefined ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : endpoints.length === 0 ? (
        <Empty icon={Webhook} title={strings.webhooks.none} text={strings.webhooks.noneText} />
      ) : (
        <ul className="lines" aria-label={strings.webhooks.title}>
          {endpoints.map((endpoint) => (
            <Row key={endpoint.id} endpoint={endpoint} />
          ))}
        </ul>
      )}
      {adding ? <EndpointDialog onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

function Row({ endpoint }: { endpoint: WebhookEndpoint }) {
  return (
    <li>
      <Link className="webhooks__row" to="/settings/webhooks/$endpointId" params={{ endpointId: endpoint.id }}>
        <span className="line__what">
          <span className="webhooks__url">{endpoint.url}</span>
          {endpoint.description === null ? null : <span className="soft small">{endpoint.description}</span>}
          <span className="faint small">
            {strings.webhooks.told(endpoint.events.length)}
            {endpoint.active && endpoint.failing_since !== null ? (
              <>
                {" · "}
                <span className="webhooks__failing">{strings.webhooks.failing(formatDateTime(endpoint.failing_since))}</span>
              </>
            ) : null}
          </span>
        </span>
        <span className={`tag${endpoint.disabled_at === null ? "" : " webhooks__tag--bad"}`}>
          {endpoint.active ? strings.webhooks.active : strings.webhooks.inactive}
        </span>
        <ChevronRight size={16} aria-hidden />
      </Link>
    </li>
  );
}
