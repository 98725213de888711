import { useState } from "react";
import type { AssetChanges } from "../../api/types";
import { Problem } from "../../components/Problem";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { useChangeAsset } from "./AssetPage";

/** A text of a file while it is changed, until it is saved. */
export interface Draft {
  text: string;
  isChanged: boolean;
  isSaving: boolean;
  error: Error | null;
  /** `null` goes back to what is saved. */
  edit: (text: string | null) => void;
  save: (changes: AssetChanges) => void;
}

export function useDraft(assetId: string, saved: string): Draft {
  const [draft, setDraft] = useState<string | null>(null);
  const change = useChangeAsset(assetId);
  const text = draft ?? saved;
  const onSuccess = (): void => {
    setDraft(null);
    showToast(strings.asset.saved);
  };
  return {
    text,
    isChanged: text !== saved,
    isSaving: change.isPending,
    error: change.error,
    edit: setDraft,
    save: (changes) => change.mutate(changes, { onSuccess }),
  };
}

/** What became of a draft, and what to do with it. Without `changes` it cannot be saved. */
export function DraftActions({ draft, changes }: { draft: Draft; changes: AssetChanges | null }) {
  return (
    <>
      {draft.error ? <Problem error={draft.error} /> : null}
      {draft.isChanged ? (
        <div className="file__add">
          <button
            type="button"
            className="button button--small button--primary"
            disabled={changes === null || draft.isSaving}
            onClick={() => changes && draft.save(changes)}
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
