import { useId, useState } from "react";
import type { Asset } from "../../api/types";
import { Problem } from "../../components/Problem";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { useChangeAsset } from "./AssetPage";
import { Code } from "./Code";
import { readMetadata } from "./metadata";

const written = (metadata: Record<string, unknown>): string => JSON.stringify(metadata, null, 2);

/** What programs keep with a file, as text. */
export function MetadataEditor({ asset, editable }: { asset: Asset; editable: boolean }) {
  const field = useId();
  const saved = written(asset.metadata);
  const [draft, setDraft] = useState<string | null>(null);
  const change = useChangeAsset(asset.id);
  const text = draft ?? saved;
  const read = readMetadata(text);
  const wrong = "problem" in read ? read.problem : undefined;
  if (!editable) {
    return (
      <section className="file__section">
        <h2>{strings.asset.metadata}</h2>
        <Code label={strings.asset.metadata} text={saved} />
      </section>
    );
  }
  return (
    <section className="file__section">
      <h2>
        <label htmlFor={field}>{strings.asset.metadata}</label>
      </h2>
      <textarea
        id={field}
        className="input file__metadata"
        rows={Math.min(12, text.split("\n").length + 1)}
        spellCheck={false}
        value={text}
        aria-invalid={wrong !== undefined}
        aria-describedby={`${field}-note`}
        onChange={(event) => setDraft(event.target.value)}
      />
      <p id={`${field}-note`} className={wrong === undefined ? "field__hint" : "field__error"}>
        {wrong ?? strings.asset.metadataHint}
      </p>
      {change.isError ? <Problem error={change.error} /> : null}
      {text !== saved ? (
        <div className="file__add">
          <button
            type="button"
            className="button button--small button--primary"
            disabled={wrong !== undefined || change.isPending}
            onClick={() => {
              if (!("value" in read)) return;
              change.mutate(
                { metadata: read.value },
                {
                  onSuccess: () => {
                    setDraft(null);
                    showToast(strings.asset.saved);
                  },
                },
              );
            }}
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
