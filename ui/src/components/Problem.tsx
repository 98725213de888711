import { Copy, RotateCw } from "lucide-react";
import { useState } from "react";
import { isApiError } from "../api/client";
import { copyText } from "../lib/clipboard";
import { strings } from "../strings";
import { AlertNotice } from "./AlertNotice";

/** What went wrong, to what, what to do next, and the request id one click away. */
export function Problem({ error, onRetry, retryLabel }: { error: unknown; onRetry?: () => void; retryLabel?: string }) {
  const problem = isApiError(error) ? error.problem : null;
  const detail = problem?.detail ?? (error instanceof Error ? error.message : "");
  // The title of what the server refuses is the status in words; the detail is the sentence.
  const worded = problem === null || problem.type === "about:blank" || detail === "";
  const title = worded ? (problem?.title ?? strings.errors.title) : detail;
  return (
    <AlertNotice title={title}>
      {detail && detail !== title ? <p className="soft">{detail}</p> : null}
      {problem?.hint ? <p>{problem.hint}</p> : null}
      {onRetry || problem?.request_id ? (
        <div className="notice__row">
          {onRetry ? (
            <button type="button" className="button button--small" onClick={onRetry}>
              <RotateCw size={16} aria-hidden />
              {retryLabel ?? strings.common.retry}
            </button>
          ) : null}
          {problem?.request_id ? <RequestId id={problem.request_id} /> : null}
        </div>
      ) : null}
    </AlertNotice>
  );
}

function RequestId({ id }: { id: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="request-id"
      title={strings.common.copyRequestId}
      onClick={() => void copyText(id).then(setCopied)}
    >
      <Copy size={16} aria-hidden />
      <span className="visually-hidden">{strings.common.copyRequestId}</span>
      {copied ? strings.common.copied : id}
    </button>
  );
}
