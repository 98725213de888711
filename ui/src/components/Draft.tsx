import "./draft.css";
import { useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { showToast } from "../lib/toasts";
import { strings } from "../strings";
import { BusyButton } from "./BusyButton";
import { Confirm } from "./Confirm";
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

/** What became of a draft of what has this name, and what to do with it. Without `changes` it cannot be saved. */
export function DraftActions<Changes>({ name, draft, changes }: { name: string; draft: Draft<Changes>; changes: Changes | null }) {
  return (
    <>
      <AskBeforeLeaving name={name} isChanged={draft.isChanged} />
      {draft.error ? <Problem error={draft.error} /> : null}
      {draft.isChanged ? (
        <div className="draft">
          <BusyButton
            type="button"
            className="button button--small button--primary"
            disabled={changes === null}
            busy={draft.isSaving}
            onClick={() => changes !== null && draft.save(changes)}
          >
            {strings.common.save}
          </BusyButton>
          <button type="button" className="button button--small" onClick={() => draft.edit(null)}>
            {strings.common.cancel}
          </button>
        </div>
      ) : null}
    </>
  );
}

/** Another tab or second of the same page keeps what is typed; another page would lose it. */
export function AskBeforeLeaving({ name, isChanged }: { name: string; isChanged: boolean }) {
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname,
    enableBeforeUnload: isChanged,
    disabled: !isChanged,
    withResolver: true,
  });
  if (leaving.status !== "blocked") return null;
  return (
    <Confirm
      title={strings.draft.leaveTitle}
      text={strings.draft.leaveText(name)}
      action={strings.draft.leave}
      onConfirm={() => {
        leaving.proceed();
        return Promise.resolve();
      }}
      onClose={leaving.reset}
    />
  );
}
