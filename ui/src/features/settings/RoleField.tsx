import { useId } from "react";
import type { Role } from "../../api/types";
import { strings } from "../../strings";

/** Asks for a role, with what it means or what is wrong with it below. */
export function RoleField({
  label,
  value,
  options,
  hint,
  error,
  onChange,
}: {
  label: string;
  value: Role;
  options: readonly Role[];
  hint: string;
  error?: string | undefined;
  onChange: (role: Role) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        className="select"
        value={value}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => onChange(event.target.value as Role)}
      >
        {options.map((role) => (
          <option key={role} value={role}>
            {strings.roles[role]}
          </option>
        ))}
      </select>
      <p id={`${id}-note`} className={error === undefined ? "field__hint" : "field__error"}>
        {error ?? hint}
      </p>
    </div>
  );
}
