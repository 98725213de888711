import { useId, useState } from "react";
import type { Asset } from "../../api/types";
import { Problem } from "../../components/Problem";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { useChangeAsset } from "./AssetPage";

const DESCRIPTION_LENGTH_MAX = 2000;

/** How people describe a file: what screen readers say of an image, and what it is found by. */
export function DescriptionEditor({ asset, editable }: { asset: Asset; editable: boolean }) {
  const field = useId();
  const saved = asset.description ?? "";
  const [draft, setDraft] = useState<string | null>(null);
  const change = useChangeAsset(asset.id);
  const text = draft ?? saved;
  if (!editable) {
    return saved === "" ? null : (
      <section className="file__section">
        <h2>{strings.asset.description}</h2>
        <p className="file__words" dir="auto">
          {saved}
        </p>
      </section>
    );
  }
  return (
    <section className="file__section">
      <h2>
        <label htmlFor={field}>{strings.asset.description}</label>
      </h2>
      <textarea
        id={field}
        className="input"
        dir="auto"
        rows={Math.min(8, text.split("\n").length + 1)}
        maxLength={DESCRIPTION_LENGTH_MAX}
        value={text}
        aria-describedby={`${field}-note`}
        onChange={(event) => setDraft(event.target.value)}
      />
      <p id={`${field}-note`} className="field__hint">
        {asset.kind === "image" ? strings.asset.descriptionOfImageHint : strings.asset.descriptionHint}
      </p>
      {change.isError ? <Problem error={change.error} /> : null}
      {text !== saved ? (
        <div className="file__add">
          <button
            type="button"
            className="button button--small button--primary"
            disabled={change.isPending}
            onClick={() =>
              change.mutate(
                { description: text.trim() === "" ? null : text },
                {
                  onSuccess: () => {
                    setDraft(null);
                    showToast(strings.asset.saved);
                  },
                },
              )
            }
          >
            {strings.common.save}
          </button>
          <button type="button" className="button button--small" onClick={() => setDraft(null)}>
            {strings.common.cancel}
          </button>
        </div>
      ) : null}
    </section>
  );
}

/** What is written in an image, where anything is. */
export function TextInPicture({ asset }: { asset: Asset }) {
  if (asset.kind !== "image" || !asset.text) return null;
  return (
    <section className="file__section" aria-labelledby="file-text">
      <h2 id="file-text">{strings.asset.text}</h2>
      <p className="file__words" dir="auto">
        {asset.text}
      </p>
    </section>
  );
}
