import "./webhooks.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { keys } from "../../../api/queries";
import type { IssuedWebhookSecret, WebhookEndpoint } from "../../../api/types";
import { webhookCommands, webhookQuery } from "../../../api/webhooks";
import { AlertNotice } from "../../../components/AlertNotice";
import { BusyButton } from "../../../components/BusyButton";
import { CopyIcon } from "../../../components/CopyIcon";
import { Confirm } from "../../../components/Confirm";
import { Problem } from "../../../components/Problem";
import { formatDate, formatDateTime } from "../../../lib/format";
import { useTitle } from "../../../lib/hooks";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { tell } from "../../library/actions";
import { Deliveries } from "./Deliveries";
import { EndpointDialog, SecretDialog } from "./EndpointDialog";

/** One endpoint and what it was told. */
export function EndpointPage() {
  useTitle(strings.webhooks.title);
  const { endpointId } = useParams({ from: "/app/settings/webhooks/$endpointId" });
  const found = useQuery(webhookQuery(endpointId));
  return (
    <>
      <p>
        <Link className="settings__link" to="/settings/webhooks">
          <ArrowLeft size={16} aria-hidden />
          {strings.webhooks.back}
        </Link>
      </p>
      {found.isPending ? (
        <div className="skeleton" style={{ height: 240 }} />
      ) : found.data === undefined ? (
        <Problem error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <>
          <Endpoint endpoint={found.data} />
          <Deliveries endpoint={found.data} />
        </>
      )}
    </>
  );
}

type Asking = "edit" | "rotate" | "remove" | null;

function Endpoint({ endpoint }: { endpoint: WebhookEndpoint }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<Asking>(null);
  const [issued, setIssued] = useState<IssuedWebhookSecret | null>(null);
  const renew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.webhooks });
  const test = useMutation({
    mutationFn: () => webhookCommands.test(endpoint.id),
    onSuccess: () => {
      showToast(strings.webhooks.tested);
      void client.invalidateQueries({ queryKey: keys.webhookDeliveries(endpoint.id) });
    },
    onError: tell,
  });
  const turn = useMutation({
    mutationFn: () => webhookCommands.change(endpoint.id, { active: !endpoint.active }),
    onSuccess: (after) => {
      showToast(after.active ? strings.webhooks.switchedOn : strings.webhooks.switchedOff);
      void renew();
    },
    onError: tell,
  });
  const remove = async (): Promise<void> => {
    await webhookCommands.remove(endpoint.id);
    showToast(strings.webhooks.removed);
    await navigate({ to: "/settings/webhooks" });
    client.removeQueries({ queryKey: keys.webhook(endpoint.id) });
    await renew();
  };
  const rotate = async (): Promise<void> => {
    setIssued(await webhookCommands.rotate(endpoint.id));
    await renew();
  };
  return (
    <section className="settings__section" aria-label={endpoint.url}>
      <div>
        <div className="webhooks__head">
          <h2 className="webhooks__url">{endpoint.url}</h2>
          <CopyIcon label={strings.webhooks.copyUrl} text={endpoint.url} />
        </div>
        {endpoint.description === null ? null : <p className="soft">{endpoint.description}</p>}
      </div>
      {endpoint.disabled_at !== null && endpoint.disabled_reason !== null ? (
        <AlertNotice title={strings.webhooks.disabled[endpoint.disabled_reason](formatDate(endpoint.disabled_at))}>
          <p>{strings.webhooks.disabledHint}</p>
        </AlertNotice>
      ) : null}
      <p className="faint small">
        <span className="tag">{endpoint.active ? strings.webhooks.active : strings.webhooks.inactive}</span>{" "}
        {strings.webhooks.added} {formatDate(endpoint.created_at)}
        {endpoint.active && endpoint.failing_since !== null ? (
          <>
            {" · "}
            <span className="webhooks__failing">{strings.webhooks.failing(formatDateTime(endpoint.failing_since))}</span>
          </>
        ) : null}
        {endpoint.former_secrets_until === null
          ? null
          : ` · ${strings.webhooks.formerUntil(formatDateTime(endpoint.former_secrets_until))}`}
      </p>
      <ul className="webhooks__tags" aria-label={strings.webhooks.events}>
        {endpoint.events.map((event) => (
          <li key={event} className="tag">
            {event}
          </li>
        ))}
      </ul>
      <div className="settings__buttons">
        <BusyButton type="button" className="button" disabled={!endpoint.active} busy={test.isPending} onClick={() => test.mutate()}>
          {strings.webhooks.test}
        </BusyButton>
        <button type="button" className="button" onClick={() => setAsking("edit")}>
          {strings.webhooks.edit}
        </button>
        <button type="button" className="button" onClick={() => setAsking("rotate")}>
          {strings.webhooks.rotate}
        </button>
        <BusyButton type="button" className="button" busy={turn.isPending} onClick={() => turn.mutate()}>
          {endpoint.active ? strings.webhooks.switchOff : strings.webhooks.switchOn}
        </BusyButton>
        <button type="button" className="button button--danger" onClick={() => setAsking("remove")}>
          {strings.webhooks.remove}
        </button>
      </div>
      {asking === "edit" ? <EndpointDialog endpoint={endpoint} onClose={() => setAsking(null)} /> : null}
      {asking === "rotate" ? (
        <Confirm
          title={strings.webhooks.rotateTitle}
          text={strings.webhooks.rotateText}
          action={strings.webhooks.rotate}
          danger={false}
          onConfirm={rotate}
          onClose={() => setAsking(null)}
        />
      ) : null}
      {asking === "remove" ? (
        <Confirm
          title={strings.webhooks.removeTitle}
          text={strings.webhooks.removeText(endpoint.url)}
          action={strings.webhooks.remove}
          onConfirm={remove}
          onClose={() => setAsking(null)}
        />
      ) : null}
      {issued === null ? null : <SecretDialog issued={issued} onClose={() => setIssued(null)} />}
    </section>
  );
}
