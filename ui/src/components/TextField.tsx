import { useId, type ComponentProps } from "react";

/** A labelled field with room for a hint, which gives way to what is wrong with the value. */
export function TextField({
  label,
  hint,
  error,
  ...input
}: { label: string; hint?: string | undefined; error?: string | undefined } & Omit<ComponentProps<"input">, "id" | "className">) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <input
        {...input}
        id={id}
        className="input"
        aria-invalid={error !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
      />
      {note === undefined ? null : (
        <p id={`${id}-note`} className={error === undefined ? "field__hint" : "field__error"}>
          {note}
        </p>
      )}
    </div>
  );
}
