import { useId } from "react";
import type { Asset } from "../../api/types";
import { DraftActions, useDraft } from "../../components/Draft";
import { strings } from "../../strings";
import { useChangeAsset } from "./actions";

const DESCRIPTION_LENGTH_MAX = 2000;

/** How people describe a file: what screen readers say of an image, and what it is found by. */
export function DescriptionEditor({ asset, editable }: { asset: Asset; editable: boolean }) {
  const field = useId();
  const saved = asset.description ?? "";
  const draft = useDraft(saved, useChangeAsset(asset.id));
  const { text } = draft;
  const wanted = text.trim();
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
        onChange={(event) => draft.edit(event.target.value)}
      />
      <p id={`${field}-note`} className="field__hint">
        {asset.kind === "image" ? strings.asset.descriptionOfImageHint : strings.asset.descriptionHint}
      </p>
      <DraftActions name={strings.asset.description} draft={draft} changes={{ description: wanted === "" ? null : wanted }} />
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
