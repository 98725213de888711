import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Empty } from "../components/Empty";
import { Problem } from "../components/Problem";
import { useTitle } from "../lib/hooks";
import { strings } from "../strings";

export function NotFoundPage() {
  useTitle(strings.errors.pageTitle);
  return (
    <main className="page page--narrow">
      <Empty icon={Compass} title={strings.errors.pageTitle} text={strings.errors.pageText}>
        <Link to="/" className="button">
          {strings.errors.goHome}
        </Link>
      </Empty>
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
  useTitle(strings.errors.crash);
  return (
    <div className="page page--narrow">
      <h1>{strings.errors.crash}</h1>
      <p className="soft">{strings.errors.crashText}</p>
      <Problem error={error} onRetry={() => location.reload()} retryLabel={strings.errors.reload} />
    </div>
  );
}
