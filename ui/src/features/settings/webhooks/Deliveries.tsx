import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronDown, RotateCw } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { keys } from "../../../api/queries";
import type { WebhookDelivery, WebhookEndpoint } from "../../../api/types";
import { deliveriesQuery, deliveryQuery, webhookCommands } from "../../../api/webhooks";
import { DELIVERY_STATUSES } from "../../../app/router";
import { BusyButton } from "../../../components/BusyButton";
import { Choice } from "../../../components/Choice";
import { CopyIcon } from "../../../components/CopyIcon";
import { PagedList } from "../../../components/Listed";
import { Problem } from "../../../components/Problem";
import { Tip } from "../../../components/Tip";
import { formatDateTime } from "../../../lib/format";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { tell } from "../../library/actions";

/** What the endpoint was told, newest first, with what it answered. */
export function Deliveries({ endpoint }: { endpoint: WebhookEndpoint }) {
  const { status } = useSearch({ from: "/app/settings/webhooks/$endpointId" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const list = useInfiniteQuery(deliveriesQuery(endpoint.id, status));
  const renew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.webhookDeliveries(endpoint.id) });
  useEndpointAnew(endpoint.id, list.data && newestOf(list.data.pages.flatMap((page) => page.items)));
  const replayFailed = useMutation({
    // Everything that is kept.
    mutationFn: () => webhookCommands.replayFailed(endpoint.id, endpoint.created_at),
    onSuccess: ({ count }) => {
      showToast(strings.webhooks.replayedCount(count));
      void renew();
    },
    onError: tell,
  });
  return (
    <section className="settings__section" aria-label={strings.webhooks.deliveries}>
      <div className="settings__head">
        <h2>{strings.webhooks.deliveries}</h2>
        <div className="settings__buttons">
          <Tip text={strings.webhooks.refresh}>
            <button type="button" className="icon-button" aria-label={strings.webhooks.refresh} onClick={() => void renew()}>
              <RotateCw size={16} aria-hidden />
            </button>
          </Tip>
          <BusyButton
            type="button"
            className="button"
            disabled={!endpoint.active}
            busy={replayFailed.isPending}
            onClick={() => replayFailed.mutate()}
          >
            {strings.webhooks.replayFailed}
          </BusyButton>
        </div>
      </div>
      <Choice
        label={strings.webhooks.only}
        value={status}
        options={DELIVERY_STATUSES}
        nameOf={(known) => strings.webhooks.status[known]}
        any={strings.webhooks.all}
        onChoose={(chosen) =>
          void navigate({
            to: "/settings/webhooks/$endpointId",
            params: { endpointId: endpoint.id },
            search: chosen ? { status: chosen } : {},
            replace: true,
          })
        }
      />
      <PagedList
        list={list}
        label={strings.webhooks.deliveries}
        className="lines"
        height={160}
        none={
          <p className="faint">{status === undefined ? strings.webhooks.deliveriesNone : strings.webhooks.deliveriesNoneFiltered}</p>
        }
      >
        {(delivery) => (
          <Delivery key={delivery.id} delivery={delivery} mayReplay={endpoint.active} onReplayed={() => void renew()} />
        )}
      </PagedList>
    </section>
  );
}

/** When the endpoint was last asked, as far as the list knows; empty where it never was. */
function newestOf(deliveries: readonly WebhookDelivery[]): string {
  return deliveries.flatMap(({ last_attempt_at }) => last_attempt_at ?? []).sort().at(-1) ?? "";
}

/** Another answer may be why the endpoint fails, works again or is switched off. */
function useEndpointAnew(id: string, newest: string | undefined): void {
  const client = useQueryClient();
  const seen = useRef(newest);
  useEffect(() => {
    if (seen.current === newest) return;
    const isFirst = seen.current === undefined;
    seen.current = newest;
    if (!isFirst) void client.invalidateQueries({ queryKey: keys.webhook(id), exact: true });
  }, [client, id, newest]);
}

function Delivery({
  delivery,
  mayReplay,
  onReplayed,
}: {
  delivery: WebhookDelivery;
  mayReplay: boolean;
  onReplayed: () => void;
}) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details className="line" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span className={`tag line__status line__status--${delivery.status}`}>{statusName(delivery)}</span>
          <span className="line__what">
            <span>{strings.webhooks.description_of[delivery.event] ?? delivery.event}</span>
            <span className="faint small">{facts(delivery)}</span>
          </span>
          <time className="faint small" dateTime={delivery.created_at}>
            {formatDateTime(delivery.created_at)}
          </time>
          <ChevronDown className="line__turn" size={16} aria-hidden />
        </summary>
        {open ? <Details delivery={delivery} mayReplay={mayReplay} onReplayed={onReplayed} /> : null}
      </details>
    </li>
  );
}

/** What waits for its first try is well; what was not taken is not. */
export function statusName({ status, attempts }: Pick<WebhookDelivery, "status" | "attempts">): string {
  return status === "pending" && attempts > 0 ? strings.webhooks.retrying : strings.webhooks.status[status];
}

/** "answered 500 · 3 tries · 120 ms · next try 12:00". */
export function facts(delivery: WebhookDelivery): string {
  const { response_status: status, error_code: code, attempts, duration_ms: duration, next_attempt_at: next } = delivery;
  const told = [
    status === null ? (code === null ? null : (strings.webhooks.errors[code] ?? code)) : strings.webhooks.answered(status),
    attempts === 0 ? null : strings.webhooks.attempts(attempts),
    duration === null || attempts === 0 ? null : strings.webhooks.took(duration),
    delivery.status !== "pending" ? null : next === null ? strings.webhooks.sending : strings.webhooks.next(formatDateTime(next)),
  ];
  return told.filter((one) => one !== null).join(" · ");
}

function Details({
  delivery,
  mayReplay,
  onReplayed,
}: {
  delivery: WebhookDelivery;
  mayReplay: boolean;
  onReplayed: () => void;
}) {
  const details = useQuery(deliveryQuery(delivery));
  const replay = useMutation({
    mutationFn: () => webhookCommands.replay(delivery.id),
    onSuccess: () => {
      showToast(strings.webhooks.replayed);
      onReplayed();
    },
    onError: tell,
  });
  if (details.isPending) return <div className="skeleton" style={{ height: 120 }} />;
  if (details.data === undefined) return <Problem error={details.error} onRetry={() => void details.refetch()} />;
  const { payload, response_body: answer } = details.data;
  return (
    <div className="line__details">
      <p className="faint small">
        <code>{delivery.id}</code> · <code>{delivery.event}</code>
      </p>
      <Code title={strings.webhooks.payload} text={JSON.stringify(payload, null, 2)} copy={strings.webhooks.copyPayload} />
      {answer === null || answer === "" ? (
        <Code title={strings.webhooks.answer} text={strings.webhooks.answerNone} />
      ) : (
        <Code title={strings.webhooks.answer} text={answer} copy={strings.webhooks.copyAnswer} />
      )}
      {mayReplay ? (
        <div>
          <BusyButton type="button" className="button button--small" busy={replay.isPending} onClick={() => replay.mutate()}>
            <RotateCw size={16} aria-hidden />
            {strings.webhooks.replay}
          </BusyButton>
        </div>
      ) : null}
    </div>
  );
}

function Code({ title, text, copy }: { title: string; text: string; copy?: string }) {
  return (
    <div>
      <div className="webhooks__head">
        <h3 className="small">{title}</h3>
        {copy === undefined ? null : <CopyIcon label={copy} text={text} />}
      </div>
      {/* It scrolls, so the keyboard has to reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="webhooks__code" tabIndex={0} role="region" aria-label={title}>
        {text}
      </pre>
    </div>
  );
}
