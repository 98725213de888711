import type { InfiniteData } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { LoadMore, type Paged } from "./LoadMore";
import { Problem } from "./Problem";

interface Asked {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => Promise<unknown>;
}

/** What stands where a list will be: its place while it is read, what went wrong, or what is said of an empty one. */
export function Listed({
  query,
  isEmpty,
  height,
  none,
  children,
}: {
  query: Asked;
  isEmpty: boolean;
  height: number;
  none?: ReactNode;
  children: ReactNode;
}) {
  if (query.isPending) return <div className="skeleton" style={{ height }} />;
  if (query.isError && isEmpty) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  return isEmpty ? none : children;
}

/** A list that comes page by page. */
export function PagedList<T>({
  list,
  label,
  className,
  height,
  none,
  children,
}: {
  list: Asked & Paged & { isPlaceholderData: boolean; data: InfiniteData<{ items: T[] }> | undefined };
  label: string;
  className: string;
  /** About as high as it will be. */
  height: number;
  none?: ReactNode;
  children: (item: T) => ReactNode;
}) {
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Listed query={list} isEmpty={items.length === 0} height={height} none={none}>
        <ol className={className} aria-label={label} aria-busy={list.isPlaceholderData}>
          {items.map(children)}
        </ol>
      </Listed>
      <LoadMore list={list} />
    </>
  );
}
