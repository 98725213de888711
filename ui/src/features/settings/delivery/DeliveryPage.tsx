import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { fieldErrors } from "../../../api/client";
import { deliveryCommands, deliveryQuery } from "../../../api/delivery";
import { keys } from "../../../api/queries";
import type { DeliveryPolicy } from "../../../api/types";
import { BusyButton } from "../../../components/BusyButton";
import { Problem } from "../../../components/Problem";
import { TextField } from "../../../components/TextField";
import { useTitle } from "../../../lib/hooks";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { linesOf } from "./lines";

const CACHE_SECONDS_MAX = 31_622_400;
const FIELDS = {
  origin_invalid: "allowed_origins",
  domain_invalid: "referrer_domains",
  cache_seconds_invalid: "cache_seconds",
} as const;

/** Which web sites media are delivered to, and who may keep them on the way. */
export function DeliveryPage() {
  useTitle(strings.delivery.title);
  const policy = useQuery(deliveryQuery);
  if (policy.isError && !policy.data) return <Problem error={policy.error} onRetry={() => void policy.refetch()} />;
  if (!policy.data) return <div className="skeleton" style={{ height: 480 }} />;
  // What was saved begins the form anew.
  return <PolicyForm key={JSON.stringify(policy.data)} policy={policy.data} />;
}

function PolicyForm({ policy }: { policy: DeliveryPolicy }) {
  const client = useQueryClient();
  const [origins, setOrigins] = useState(policy.allowed_origins.join("\n"));
  const [domains, setDomains] = useState(policy.referrer_domains.join("\n"));
  const [allowsNoReferrer, setAllowsNoReferrer] = useState(policy.allows_no_referrer);
  const [sharedCaching, setSharedCaching] = useState(policy.shared_caching);
  const [seconds, setSeconds] = useState(String(policy.cache_seconds));
  const wanted: DeliveryPolicy = {
    allowed_origins: linesOf(origins),
    referrer_domains: linesOf(domains),
    allows_no_referrer: allowsNoReferrer,
    shared_caching: sharedCaching,
    cache_seconds: Number(seconds),
  };
  const isNumber = /^\d{1,8}$/u.test(seconds.trim()) && Number(seconds) <= CACHE_SECONDS_MAX;
  const changed = (Object.keys(wanted) as (keyof DeliveryPolicy)[]).some(
    (name) => JSON.stringify(wanted[name]) !== JSON.stringify(policy[name]),
  );
  const save = useMutation({
    mutationFn: () => deliveryCommands.put(wanted),
    onSuccess: (after) => {
      client.setQueryData(keys.delivery, after);
      showToast(strings.settings.saved);
    },
  });
  const errors = fieldErrors(save.error, FIELDS);
  const unexplained = save.isError && Object.keys(errors).length === 0;
  return (
    <form
      className="settings__delivery"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && isNumber) save.mutate();
      }}
    >
      {unexplained ? <Problem error={save.error} /> : null}
      <section className="settings__section">
        <div>
          <h2>{strings.delivery.origins}</h2>
          <p className="soft">{strings.delivery.originsLead}</p>
        </div>
        <Lines
          label={strings.delivery.originsLabel}
          hint={strings.delivery.originsHint}
          placeholder={strings.delivery.originsPlaceholder}
          error={errors.allowed_origins}
          value={origins}
          onChange={(value) => {
            setOrigins(value);
            save.reset();
          }}
        />
      </section>
      <section className="settings__section">
        <div>
          <h2>{strings.delivery.referrers}</h2>
          <p className="soft">{strings.delivery.referrersLead}</p>
        </div>
        <Lines
          label={strings.delivery.referrersLabel}
          hint={strings.delivery.referrersHint}
          placeholder={strings.delivery.referrersPlaceholder}
          error={errors.referrer_domains}
          value={domains}
          onChange={(value) => {
            setDomains(value);
            save.reset();
          }}
        />
        <Check
          label={strings.delivery.noReferrer}
          hint={strings.delivery.noReferrerHint}
          checked={allowsNoReferrer}
          onChange={setAllowsNoReferrer}
        />
      </section>
      <section className="settings__section">
        <div>
          <h2>{strings.delivery.caching}</h2>
          <p className="soft">{strings.delivery.cachingLead}</p>
        </div>
        <TextField
          label={strings.delivery.seconds}
          inputMode="numeric"
          autoComplete="off"
          maxLength={8}
          value={seconds}
          error={errors.cache_seconds ?? (isNumber ? undefined : strings.delivery.secondsError(CACHE_SECONDS_MAX))}
          onChange={(event) => {
            setSeconds(event.target.value);
            save.reset();
          }}
        />
        <Check
          label={strings.delivery.shared}
          hint={strings.delivery.sharedHint}
          checked={sharedCaching}
          onChange={setSharedCaching}
        />
      </section>
      <div>
        <BusyButton type="submit" className="button button--primary" busy={!changed || !isNumber || save.isPending}>
          {strings.common.save}
        </BusyButton>
      </div>
    </form>
  );
}

function Lines({
  label,
  hint,
  placeholder,
  error,
  value,
  onChange,
}: {
  label: string;
  hint: string;
  placeholder: string;
  error: string | undefined;
  value: string;
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <textarea
        id={id}
        className="input"
        dir="ltr"
        rows={4}
        autoCapitalize="none"
        spellCheck={false}
        placeholder={placeholder}
        value={value}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-note`} className={error === undefined ? "field__hint" : "field__error"}>
        {error ?? hint}
      </p>
    </div>
  );
}

function Check({
  label,
  hint,
  checked,
  onChange,
}: {
  label: string;
  hint: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label className="check">
        <input
          type="checkbox"
          checked={checked}
          aria-describedby={id}
          onChange={(event) => onChange(event.target.checked)}
        />
        {label}
      </label>
      <p id={id} className="field__hint">
        {hint}
      </p>
    </div>
  );
}
