import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { accountCommands } from "../../../api/account";
import { fieldErrors } from "../../../api/client";
import { keys } from "../../../api/queries";
import { BusyButton } from "../../../components/BusyButton";
import { Problem } from "../../../components/Problem";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { PasswordField } from "../../auth/fields";
import { PasswordStrength } from "../../auth/PasswordStrength";
import { isShort } from "../../auth/password";

const FIELDS = { password_wrong: "current", password_weak: "next" } as const;

type Field = (typeof FIELDS)[keyof typeof FIELDS];

export function PasswordForm({ email, name }: { email: string; name: string }) {
  const client = useQueryClient();
  const [values, setValues] = useState({ current: "", next: "" });
  const [errors, setErrors] = useState<Partial<Record<Field, string>>>({});
  const refuse = (found: Partial<Record<Field, string>>): void => {
    setErrors(found);
    const first = (["current", "next"] as const).find((field) => found[field] !== undefined);
    if (first !== undefined) document.getElementById(`password-${first}`)?.focus();
  };
  const change = useMutation({
    mutationFn: () => accountCommands.changePassword({ current_password: values.current, new_password: values.next }),
    onSuccess: () => {
      setValues({ current: "", next: "" });
      showToast(strings.password.changed);
      void client.invalidateQueries({ queryKey: keys.sessions });
    },
    onError: (error) => refuse(fieldErrors(error, FIELDS)),
  });
  const submit = (): void => {
    const found: Partial<Record<Field, string>> = {};
    if (values.current === "") found.current = strings.auth.passwordMissing;
    if (isShort(values.next)) found.next = strings.auth.passwordShort;
    refuse(found);
    if (Object.keys(found).length === 0) change.mutate();
  };
  const type = (field: Field) => (value: string) => {
    setValues((previous) => ({ ...previous, [field]: value }));
    setErrors(({ [field]: _gone, ...rest }) => rest);
  };

  return (
    <section className="settings__section">
      <div>
        <h2>{strings.password.title}</h2>
        <p className="soft">{strings.password.lead}</p>
      </div>
      <form
        className="settings__form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {change.isError && Object.keys(errors).length === 0 ? <Problem error={change.error} /> : null}
        {/* Managers of passwords keep the new one under this. */}
        <input className="visually-hidden" type="email" autoComplete="username" value={email} readOnly tabIndex={-1} aria-hidden />
        <PasswordField
          id="password-current"
          label={strings.password.current}
          autoComplete="current-password"
          value={values.current}
          error={errors.current}
          onChange={type("current")}
        />
        <PasswordField
          id="password-next"
          label={strings.password.next}
          hint={strings.auth.passwordHint}
          autoComplete="new-password"
          value={values.next}
          error={errors.next}
          onChange={type("next")}
        />
        <PasswordStrength password={values.next} about={`${email} ${name}`} />
        <div>
          <BusyButton
            type="submit"
            className="button button--primary"
            busy={values.current === "" || values.next === "" || change.isPending}
          >
            {strings.password.change}
          </BusyButton>
        </div>
      </form>
    </section>
  );
}
