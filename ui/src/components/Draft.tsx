import "./draft.css";
import { useState } from "react";
import { showToast } from "../lib/toasts";
import { strings } from "../strings";
import { Problem } from "./Problem";

/** A text of something while it is changed, until it is saved. */
export interface Draft<Changes> {
  text: string;
  isChanged: boolean;
  isSaving: boolean;
  error: Error | null;
  /** `null` goes back to what is saved. */
  edit: (text: string | null) => void;
  save: (changes: Changes) => void;
}

/** What saves it: a mutation. */
interface Change<Changes> {
  mutate: (changes: Changes, options: { onSuccess: () => void }) => void;
  reset: () => void;
  isPending: boolean;
  error: Error | null;
}

/** What is typed stays until it is saved or given up, also where the server refuses it. */
export function useDraft<Changes>(saved: string, change: Change<Changes>): Draft<Changes> {
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? saved;
  return {
    text,
    isChanged: text !== saved,
    isSaving: change.isPending,
    error: change.error,
    edit: (next) => {
      setDraft(next);
      if (next === null) change.reset();
    },
    save: (changes) => {
      const onSuccess = (): void => {
        // What was typed meanwhile is not saved yet.
        setDraft((now) => (now === draft ? null : now));
        showToast(strings.common.saved);
      };
      change.mutate(changes, { onSuccess });
    },
  };
}

/** What became of a draft, and what to do with it. Without `changes` it cannot be saved. */
export function DraftActions<Changes>({ draft, changes }: { draft: Draft<Changes>; changes: Changes | null }) {
  return (
    <>
      {draft.error ? <Problem error={draft.error} /> : null}
      {draft.isChanged ? (
        <div className="draft">
          <button
            type="button"
            className="button button--small button--primary"
            disabled={changes === null || draft.isSaving}
            onClick={() => changes !== null && draft.save(changes)}
          >
            {strings.common.save}
          </button>
          <button type="button" className="button button--small" onClick={() => draft.edit(null)}>
            {strings.common.cancel}
          </button>
        </div>
      ) : null}
    </>
  );
}
