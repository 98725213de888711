import { useEffect, useRef, useState } from "react";

/** Text that becomes a field when it is clicked: Enter or leaving saves, Escape keeps what was there. Both give the focus back. */
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
  /** Told whether a key ended it, so that the focus has to go somewhere. */
  onDone?: (byKey: boolean) => void;
}) {
  const [editing, setEditing] = useState(startEditing);
  const [draft, setDraft] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const endedByKey = useRef(false);

  useEffect(() => {
    if (!editing) {
      if (endedByKey.current) button.current?.focus();
      return;
    }
    field.current?.focus();
    field.current?.select();
  }, [editing]);

  const finish = (save: boolean, byKey: boolean): void => {
    const wanted = draft.trim();
    endedByKey.current = byKey;
    setEditing(false);
    if (save && wanted !== "" && wanted !== value) onSave(wanted);
    onDone?.(byKey);
  };

  if (!editing) {
    return (
      <button
        ref={button}
        type="button"
        className={`inline-edit ${className ?? ""}`}
        title={label}
        onClick={() => {
          endedByKey.current = false;
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
        if (!endedByKey.current) finish(true, false);
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key !== "Enter" && event.key !== "Escape") return;
        // The key would press the button that has the focus by then.
        event.preventDefault();
        finish(event.key === "Enter", true);
      }}
    />
  );
}
