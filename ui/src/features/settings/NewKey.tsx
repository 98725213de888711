import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { fieldErrors } from "../../api/client";
import { commands, keys } from "../../api/queries";
import { NAME_MAX, type NewApiKey, type Role } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { formatDate } from "../../lib/format";
import { strings } from "../../strings";
import { CopyNotice } from "./CopyNotice";
import { dayOf, expiryOf, LIFETIMES, USUAL_LIFETIME, type Lifetime } from "./keys";
import { RoleField } from "./RoleField";
import { rolesUpTo } from "./roles";

const DAY_MAX = "9999-12-31";
const FIELDS = { name_invalid: "name", role_too_high: "role", expiry_past: "expires_at" } as const;

/** Asks what a key is for, what it may do and for how long, then shows its secret this once. */
export function NewKey({ ownRole }: { ownRole: Role }) {
  const client = useQueryClient();
  const id = useId();
  const [name, setName] = useState("");
  const [role, setRole] = useState(ownRole);
  const [lifetime, setLifetime] = useState<Lifetime>(USUAL_LIFETIME);
  const [day, setDay] = useState("");
  const [opened] = useState(() => Date.now());
  const create = useMutation({
    mutationFn: (json: NewApiKey) => commands.createApiKey(json),
    onSuccess: () => {
      setName("");
      void client.invalidateQueries({ queryKey: keys.apiKeys });
    },
  });
  const errors = fieldErrors(create.error, FIELDS);
  const unexplained = create.isError && Object.keys(errors).length === 0;
  const end = expiryOf(lifetime, day, opened);
  const isComplete = name.trim() !== "" && end !== undefined;
  // What was refused is no longer what is asked for; a secret stays until the next one.
  const forget = (): void => {
    if (create.isError) create.reset();
  };

  return (
    <>
      <form
        className="settings__form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const expires_at = expiryOf(lifetime, day, Date.now());
          if (isComplete && expires_at !== undefined) create.mutate({ name: name.trim(), role, expires_at });
        }}
      >
        <TextField
          label={strings.settings.keyName}
          value={name}
          maxLength={NAME_MAX}
          placeholder={strings.settings.keyPlaceholder}
          autoComplete="off"
          error={errors.name}
          onChange={(event) => {
            setName(event.target.value);
            forget();
          }}
        />
        <div className="keys__choices">
          <RoleField
            label={strings.settings.keyRole}
            value={role}
            options={rolesUpTo(ownRole)}
            hint={strings.settings.keyRoleHint}
            error={errors.role}
            onChange={(chosen) => {
              setRole(chosen);
              forget();
            }}
          />
          <div className="field">
            <label className="field__label" htmlFor={`${id}-lifetime`}>
              {strings.settings.keyLifetime}
            </label>
            <select
              id={`${id}-lifetime`}
              className="select"
              value={lifetime}
              aria-describedby={end === undefined ? undefined : `${id}-lifetime-note`}
              onChange={(event) => {
                setLifetime(event.target.value as Lifetime);
                forget();
              }}
            >
              {LIFETIMES.map((one) => (
                <option key={one} value={one}>
                  {strings.settings.keyLifetimes[one]}
                </option>
              ))}
            </select>
            {end === undefined ? null : (
              <p id={`${id}-lifetime-note`} className="field__hint" role="status">
                {end === null ? strings.settings.keyForever : strings.settings.keyUntil(formatDate(end))}
              </p>
            )}
          </div>
          {lifetime === "date" ? (
            <TextField
              label={strings.settings.keyDate}
              type="date"
              value={day}
              min={dayOf(opened)}
              max={DAY_MAX}
              error={errors.expires_at}
              onChange={(event) => {
                setDay(event.target.value);
                forget();
              }}
            />
          ) : null}
        </div>
        <div>
          <BusyButton type="submit" className="button button--primary" busy={!isComplete || create.isPending}>
            {strings.settings.keyCreate}
          </BusyButton>
        </div>
      </form>
      {unexplained ? <Problem error={create.error} /> : null}
      {create.data ? <CopyNotice title={strings.settings.keyCreated} value={create.data.secret} /> : null}
    </>
  );
}
