import { useCallback } from "react";
import { strings } from "../strings";
import { BusyButton } from "./BusyButton";

/** What a list that comes page by page says of the next one. */
export interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** Asks for the next page, and says so when it did not come. */
export function LoadMore({ list, className }: { list: Paged; className?: string }) {
  if (!list.hasNextPage) return null;
  const failed = list.isFetchNextPageError && !list.isFetchingNextPage;
  return (
    <div className={className}>
      {failed ? (
        <p className="field__error" role="alert">
          {strings.common.moreFailed}
        </p>
      ) : null}
      <BusyButton type="button" className="button" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
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
