import { Fragment } from "react";
import type { AskedDocument } from "../../api/types";
import { strings } from "../../strings";

/** What is sent of a tick: the versions that were shown. */
export function agreedTo(documents: AskedDocument[]): Record<string, string> {
  return Object.fromEntries(documents.map(({ document, version }) => [document, version]));
}

/** Asks whoever makes an account to agree to what the operator wants, with links to read it. Nothing is ticked beforehand. */
export function Agreement({
  documents,
  given,
  error,
  onChange,
}: {
  documents: AskedDocument[];
  given: boolean;
  error: string | undefined;
  onChange: (given: boolean) => void;
}) {
  if (documents.length === 0) return null;
  return (
    <div className="field">
      <label className="auth__agreement" htmlFor="agreed">
        <input
          id="agreed"
          name="agreed"
          type="checkbox"
          checked={given}
          aria-invalid={error !== undefined}
          aria-describedby="agreed-note"
          onChange={(event) => onChange(event.target.checked)}
        />
        <span>
          {strings.auth.agree}{" "}
          {documents.map(({ document, url }, place) => (
            <Fragment key={document}>
              {place > 0 ? strings.auth.agreeAnd : null}
              {url == null ? (
                strings.privacy.documents[document]
              ) : (
                <a href={url} target="_blank" rel="noreferrer">
                  {strings.privacy.documents[document]}
                </a>
              )}
            </Fragment>
          ))}
        </span>
      </label>
      <p id="agreed-note" className="field__error">
        {error}
      </p>
    </div>
  );
}
