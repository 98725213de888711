import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { fieldErrors } from "../../../api/client";
import { keys } from "../../../api/queries";
import { WEBHOOK_EVENTS, type IssuedWebhookSecret, type WebhookEndpoint, type WebhookEvent } from "../../../api/types";
import { webhookCommands } from "../../../api/webhooks";
import { BusyButton } from "../../../components/BusyButton";
import { Dialog } from "../../../components/Dialog";
import { Problem } from "../../../components/Problem";
import { TextField } from "../../../components/TextField";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { CopyNotice } from "../CopyNotice";

const URL_MAX = 2048;
const DESCRIPTION_MAX = 500;
const FIELDS = { url_invalid: "url", url_refused: "url", length_invalid: "description" } as const;
/** What most want to know. */
const USUAL: readonly WebhookEvent[] = ["video.completed", "video.failed"];

/** Adds an endpoint, whose secret is shown this once, or changes one. */
export function EndpointDialog({ endpoint, onClose }: { endpoint?: WebhookEndpoint; onClose: () => void }) {
  const client = useQueryClient();
  const [url, setUrl] = useState(endpoint?.url ?? "");
  const [description, setDescription] = useState(endpoint?.description ?? "");
  const [events, setEvents] = useState<readonly WebhookEvent[]>(endpoint?.events ?? USUAL);
  const save = useMutation({
    mutationFn: async (): Promise<IssuedWebhookSecret | null> => {
      const chosen = WEBHOOK_EVENTS.filter((event) => events.includes(event));
      const words = description.trim();
      if (endpoint === undefined) {
        return webhookCommands.add({ url: url.trim(), events: chosen, ...(words === "" ? {} : { description: words }) });
      }
      await webhookCommands.change(endpoint.id, { url: url.trim(), events: chosen, description: words === "" ? null : words });
      return null;
    },
    onSuccess: (issued) => {
      void client.invalidateQueries({ queryKey: keys.webhooks });
      if (issued === null) {
        showToast(strings.settings.saved);
        onClose();
      }
    },
  });
  if (save.data) return <SecretDialog issued={save.data} onClose={onClose} />;

  const errors = fieldErrors(save.error, FIELDS);
  const unexplained = save.isError && Object.keys(errors).length === 0;
  return (
    <Dialog open onClose={onClose} title={endpoint === undefined ? strings.webhooks.newTitle : strings.webhooks.editTitle}>
      <form
        className="dialog__form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (url.trim() !== "" && events.length > 0) save.mutate();
        }}
      >
        {unexplained ? <Problem error={save.error} /> : null}
        <TextField
          label={strings.webhooks.url}
          type="url"
          inputMode="url"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder={strings.webhooks.urlPlaceholder}
          maxLength={URL_MAX}
          value={url}
          hint={strings.webhooks.urlHint}
          error={errors.url}
          onChange={(event) => {
            setUrl(event.target.value);
            save.reset();
          }}
        />
        <TextField
          label={strings.webhooks.description}
          autoComplete="off"
          placeholder={strings.webhooks.descriptionPlaceholder}
          maxLength={DESCRIPTION_MAX}
          value={description}
          error={errors.description}
          onChange={(event) => {
            setDescription(event.target.value);
            save.reset();
          }}
        />
        <EventPicker
          chosen={events}
          onChange={(chosen) => {
            setEvents(chosen);
            save.reset();
          }}
        />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton
            type="submit"
            className="button button--primary"
            disabled={url.trim() === "" || events.length === 0}
            busy={save.isPending}
          >
            {endpoint === undefined ? strings.webhooks.create : strings.common.save}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}

function EventPicker({ chosen, onChange }: { chosen: readonly WebhookEvent[]; onChange: (chosen: WebhookEvent[]) => void }) {
  const id = useId();
  const all = WEBHOOK_EVENTS.every((event) => chosen.includes(event));
  return (
    <fieldset className="webhooks__events" aria-describedby={chosen.length === 0 ? id : undefined}>
      <legend className="field__label">{strings.webhooks.events}</legend>
      <label className="check">
        <input type="checkbox" checked={all} onChange={() => onChange(all ? [] : [...WEBHOOK_EVENTS])} />
        {strings.webhooks.eventsAll}
      </label>
      {WEBHOOK_EVENTS.map((event) => (
        <label key={event} className="check">
          <input
            type="checkbox"
            checked={chosen.includes(event)}
            onChange={(change) =>
              onChange(change.target.checked ? [...chosen, event] : chosen.filter((one) => one !== event))
            }
          />
          <span>
            {strings.webhooks.description_of[event]} <code className="faint small">{event}</code>
          </span>
        </label>
      ))}
      {chosen.length === 0 ? (
        <p id={id} className="field__error">
          {strings.webhooks.eventsError}
        </p>
      ) : null}
    </fieldset>
  );
}

/** A secret, which can be seen this once. */
export function SecretDialog({ issued, onClose }: { issued: IssuedWebhookSecret; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={strings.webhooks.secretTitle}>
      <CopyNotice title={issued.endpoint.url} text={strings.webhooks.secretText} value={issued.secret} />
      <div className="dialog__actions">
        <button type="button" className="button button--primary" onClick={onClose}>
          {strings.common.done}
        </button>
      </div>
    </Dialog>
  );
}
