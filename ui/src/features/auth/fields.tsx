import "./auth.css";
import { Eye, EyeOff } from "lucide-react";
import { useState, type ReactNode } from "react";
import { strings } from "../../strings";

interface FieldProps {
  value: string;
  error?: string | undefined;
  hint?: string | undefined;
  autoComplete: string;
  maxLength?: number;
  onChange: (value: string) => void;
}

export function TextField({ id, label, type = "text", ...props }: FieldProps & { id: string; label: string; type?: string }) {
  return (
    <FieldFrame id={id} label={label} error={props.error} hint={props.hint}>
      <input
        id={id}
        name={id}
        className="input"
        type={type}
        autoComplete={props.autoComplete}
        maxLength={props.maxLength}
        value={props.value}
        aria-invalid={props.error !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </FieldFrame>
  );
}

export function PasswordField({ id = "password", label, ...props }: FieldProps & { id?: string; label: string }) {
  const [shown, setShown] = useState(false);
  const toggle = shown ? strings.auth.hidePassword : strings.auth.showPassword;
  const Icon = shown ? EyeOff : Eye;
  return (
    <FieldFrame id={id} label={label} error={props.error} hint={props.hint}>
      <div className="auth__password">
        <input
          id={id}
          name={id}
          className="input"
          type={shown ? "text" : "password"}
          autoComplete={props.autoComplete}
          value={props.value}
          aria-invalid={props.error !== undefined}
          aria-describedby={`${id}-note`}
          onChange={(event) => props.onChange(event.target.value)}
        />
        <button
          type="button"
          className="icon-button"
          aria-label={toggle}
          aria-pressed={shown}
          title={toggle}
          onClick={() => setShown(!shown)}
        >
          <Icon size={16} aria-hidden />
        </button>
      </div>
    </FieldFrame>
  );
}

function FieldFrame({
  id,
  label,
  error,
  hint,
  children,
}: {
  id: string;
  label: string;
  error?: string | undefined;
  hint?: string | undefined;
  children: ReactNode;
}) {
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      {children}
      <p id={`${id}-note`} className={error === undefined ? "field__hint" : "field__error"}>
        {error ?? hint}
      </p>
    </div>
  );
}
