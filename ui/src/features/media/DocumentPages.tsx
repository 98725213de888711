import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { documentPagesQuery } from "../../api/media";
import type { Asset, DocumentPage } from "../../api/types";
import { Listed } from "../../components/Listed";
import { LoadMore } from "../../components/LoadMore";
import { Scrolled } from "../../components/Scrolled";
import { strings } from "../../strings";
import { here } from "./addresses";

interface Props {
  asset: Asset;
  /** The page to begin at. */
  page?: number | undefined;
  none: ReactNode;
}

/** A document as it can be read here: what its pages look like, or what is written on them. */
export function DocumentPages({ asset, page, none }: Props) {
  const list = useInfiniteQuery(documentPagesQuery(asset));
  const pages = list.data?.pages.flatMap((loaded) => loaded.items) ?? [];
  const first = useRef<HTMLLIElement>(null);
  const isThere = pages.some(({ page_number }) => page_number === page);
  const { fetchNextPage } = list;
  const goesOn = page !== undefined && !isThere && list.hasNextPage && !list.isFetching && !list.isError;
  useEffect(() => {
    if (goesOn) void fetchNextPage();
  }, [goesOn, fetchNextPage]);
  // Pictures have their sizes before they are there: what is above does not push the page away.
  useEffect(() => {
    if (isThere) first.current?.scrollIntoView({ block: "start" });
  }, [isThere, page]);
  return (
    <Listed query={list} isEmpty={pages.length === 0} height={420} none={none}>
      <Scrolled label={strings.asset.contents} className="pages">
        <ol className="pages__list">
          {pages.map((one) => (
            <li
              key={one.page_number}
              ref={one.page_number === page ? first : undefined}
              aria-current={one.page_number === page ? "location" : undefined}
            >
              <PageOf page={one} />
              <p className="faint small number">{strings.asset.page(one.page_number)}</p>
            </li>
          ))}
        </ol>
        <LoadMore list={list} className="pages__more" />
      </Scrolled>
    </Listed>
  );
}

function PageOf({ page: { image_url, width, height, text } }: { page: DocumentPage }) {
  const [broken, setBroken] = useState(false);
  const words = text === "" ? strings.asset.emptyPage : text;
  if (image_url === null || broken) {
    return (
      <p className="pages__page pages__text" dir="auto">
        {words}
      </p>
    );
  }
  return (
    <>
      <img
        className="pages__page"
        src={here(image_url)}
        width={width ?? undefined}
        height={height ?? undefined}
        alt=""
        loading="lazy"
        decoding="async"
        onError={() => setBroken(true)}
      />
      <p className="visually-hidden" dir="auto">
        {words}
      </p>
    </>
  );
}
