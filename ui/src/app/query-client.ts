import { QueryCache, QueryClient } from "@tanstack/react-query";
import { isApiError } from "../api/client";

const OUTSIDE = /^\/sign-(in|up)$/u;

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // A session that ended while a page was open; the first question of a visit is the router's to answer.
      if (query.queryKey[0] === "me" || !isApiError(error) || error.status !== 401 || OUTSIDE.test(location.pathname)) return;
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A refusal stays a refusal; only a server that is away or broken is asked again.
      retry: (count, error) => count < 2 && (!isApiError(error) || error.status === 0 || error.status >= 500),
    },
  },
});
