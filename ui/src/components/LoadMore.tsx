import { useCallback } from "react";
import { ApiError } from "../api/client";
import { strings } from "../strings";
import { BusyButton } from "./BusyButton";

/** What a list that comes page by page says of the next one. */
export interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => Promise<unknown>;
  error?: unknown;
  refetch?: () => Promise<unknown>;
}

/** Asks for the next page, and says so when it did not come. Behind what is there no more nothing comes: then the list is read from its beginning. */
export function LoadMore({ list, className }: { list: Paged; className?: string }) {
  if (!list.hasNextPage) return null;
  const failed = list.isFetchNextPageError && !list.isFetchingNextPage;
  const hasChanged = failed && list.error instanceof ApiError && list.error.code === "list_changed";
  const read = hasChanged && list.refetch ? list.refetch : list.fetchNextPage;
  return (
    <div className={className}>
      {failed ? (
        <p className="field__error" role="alert">
          {strings.common.moreFailed}
        </p>
      ) : null}
      <BusyButton type="button" className="button" busy={list.isFetchingNextPage} onClick={() => void read()}>
        {list.isFetchingNextPage ? strings.common.loading : failed ? strings.common.retry : strings.common.loadMore}
      </BusyButton>
    </div>
  );
}

/** Reads on when the end comes near; not again by itself after it failed. */
export function useReadOn({ hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage }: Paged): () => void {
  return useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
}
