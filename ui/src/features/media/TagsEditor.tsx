import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useState } from "react";
import type { Asset } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { AskBeforeLeaving } from "../../components/Draft";
import { Problem } from "../../components/Problem";
import { strings } from "../../strings";
import { useChangeAsset } from "./actions";

const TAG_LENGTH_MAX = 50;

/** The tags of a file; each leads to what else has it. */
export function TagsEditor({ asset, editable }: { asset: Asset; editable: boolean }) {
  const [tag, setTag] = useState("");
  const change = useChangeAsset(asset.id);
  return (
    <section className="file__section" aria-labelledby="file-tags">
      <h2 id="file-tags">{strings.asset.tags}</h2>
      {asset.tags.length === 0 ? (
        <p className="faint small">{strings.asset.noTags}</p>
      ) : (
        <ul className="file__tags" aria-labelledby="file-tags">
          {asset.tags.map((one) => (
            <li key={one} className="tag">
              <Link to="/media" search={{ tag: one }}>
                {one}
              </Link>
              {editable ? (
                <BusyButton
                  type="button"
                  className="file__untag"
                  aria-label={strings.asset.removeTag(one)}
                  busy={change.isPending}
                  onClick={() => change.mutate({ tags: asset.tags.filter((other) => other !== one) })}
                >
                  <X size={16} aria-hidden />
                </BusyButton>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {editable ? (
        <form
          className="file__add"
          onSubmit={(event) => {
            event.preventDefault();
            if (tag.trim() === "") return;
            // What was typed meanwhile is not added yet.
            const onSuccess = (): void => setTag((now) => (now === tag ? "" : now));
            change.mutate({ tags: [...asset.tags, tag.trim()] }, { onSuccess });
          }}
        >
          <input
            className="input input--quiet"
            aria-label={strings.asset.addTag}
            placeholder={strings.asset.addTag}
            value={tag}
            maxLength={TAG_LENGTH_MAX}
            autoComplete="off"
            onChange={(event) => setTag(event.target.value)}
          />
          <BusyButton type="submit" className="button button--small" busy={change.isPending || tag.trim() === ""}>
            {strings.asset.add}
          </BusyButton>
        </form>
      ) : null}
      <AskBeforeLeaving name={strings.asset.tags} isChanged={tag.trim() !== ""} />
      {change.isError ? <Problem error={change.error} /> : null}
    </section>
  );
}
