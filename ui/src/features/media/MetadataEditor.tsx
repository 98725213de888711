import { useId } from "react";
import type { Asset } from "../../api/types";
import { DraftActions, useDraft } from "../../components/Draft";
import { strings } from "../../strings";
import { useChangeAsset } from "./actions";
import { Code } from "./Code";
import { readMetadata } from "./metadata";

const written = (metadata: Record<string, unknown>): string => JSON.stringify(metadata, null, 2);

/** What programs keep with a file, as text. */
export function MetadataEditor({ asset, editable }: { asset: Asset; editable: boolean }) {
  const field = useId();
  const saved = written(asset.metadata);
  const draft = useDraft(saved, useChangeAsset(asset.id));
  const { text } = draft;
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
        onChange={(event) => draft.edit(event.target.value)}
      />
      <p id={`${field}-note`} className={wrong === undefined ? "field__hint" : "field__error"}>
        {wrong ?? strings.asset.metadataHint}
      </p>
      <DraftActions name={strings.asset.metadata} draft={draft} changes={"value" in read ? { metadata: read.value } : null} />
    </section>
  );
}
