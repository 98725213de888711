import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { isApiError } from "../api/client";
import { Empty } from "../components/Empty";
import { Problem } from "../components/Problem";
import { useTitle } from "../lib/hooks";
import { strings } from "../strings";

/** Says within the frame that an address leads nowhere. */
export function NotFound() {
  useTitle(strings.errors.pageTitle);
  return (
    <div className="page page--narrow">
      <Empty isPage icon={Compass} title={strings.errors.pageTitle} text={strings.errors.pageText}>
        <Link to="/" className="button">
          {strings.errors.goHome}
        </Link>
      </Empty>
    </div>
  );
}

/** The same to whoever is not signed in, and has no frame. */
export function NotFoundPage() {
  return (
    <main>
      <NotFound />
    </main>
  );
}

/** Stands in place of everything, where not even the frame could be shown. */
export function CrashPage(props: ErrorComponentProps) {
  return (
    <main>
      <BrokenPage {...props} />
    </main>
  );
}

/** Stands in place of a page that broke. What is around it goes on, and leads elsewhere. */
export function BrokenPage({ error }: ErrorComponentProps) {
  // What the server does not answer is no fault of the page, which is the same after a reload.
  const isUnanswered = isApiError(error);
  const title = isUnanswered ? strings.errors.unanswered : strings.errors.crash;
  useTitle(title);
  return (
    <div className="page page--narrow">
      <h1>{title}</h1>
      {isUnanswered ? null : <p className="soft">{strings.errors.crashText}</p>}
      <Problem error={error} onRetry={() => location.reload()} retryLabel={strings.errors.reload} />
    </div>
  );
}
