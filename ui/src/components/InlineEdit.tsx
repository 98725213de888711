import { useEffect, useRef, useState } from "react";

/** Text that becomes a field when it is clicked: Enter or leaving saves, Escape keeps what was there. */
export function InlineEdit({
  value,
  label,
  maxLength,
  className,
  editing: startEditing = false,
  onSave,
  onDone,
}: {
  value: string;
  label: string;
  maxLength: number;
  className?: string;
  editing?: boolean;
  onSave: (value: string) => void;
  onDone?: () => void;
}) {
  const [editing, setEditing] = useState(startEditing);
  const [draft, setDraft] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const cancelled = useRef(false);

  useEffect(() => {
    if (!editing) return;
    field.current?.focus();
    field.current?.select();
  }, [editing]);

  const finish = (save: boolean): void => {
    const wanted = draft.trim();
    setEditing(false);
    if (save && wanted !== "" && wanted !== value) onSave(wanted);
    onDone?.();
  };

  if (!editing) {
    return (
      <button
        type="button"
        className={`inline-edit ${className ?? ""}`}
        title={label}
        onClick={() => {
          cancelled.current = false;
          setDraft(value);
          setEditing(true);
        }}
      >
        {value}
      </button>
    );
  }
  return (
    <input
      ref={field}
      className={`inline-edit__input ${className ?? ""}`}
      aria-label={label}
      value={draft}
      maxLength={maxLength}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={() => {
        if (!cancelled.current) finish(true);
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") {
          cancelled.current = true;
          finish(false);
        }
      }}
    />
  );
}
