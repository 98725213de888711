import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { isApiError } from "../api/client";
import { keys } from "../api/queries";

const OUTSIDE = /^\/(sign-in|sign-up|invitation|forgot-password|reset-password|confirm-email|change-email)$/u;
/** Refusals after which what this page believes of the person's role, or of the organization, may be out of date. */
const CHANGED = ["forbidden", "organization_suspended", "organization_deleted", "not_found"];

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // A session that ended while a page was open; the first question of a visit is the router's to answer.
      if (query.queryKey[0] === keys.me[0] || !isApiError(error)) return;
      askAnew(error);
      if (error.status !== 401 || OUTSIDE.test(location.pathname)) return;
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    },
  }),
  mutationCache: new MutationCache({ onError: askAnew }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A refusal stays a refusal; only a server that is away or broken is asked again.
      retry: (count, error) => count < 2 && (!isApiError(error) || error.status === 0 || error.status >= 500),
    },
  },
});

function askAnew(error: unknown): void {
  if (isApiError(error) && CHANGED.includes(error.code)) void queryClient.invalidateQueries({ queryKey: keys.me });
}
