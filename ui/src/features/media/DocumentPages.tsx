import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { documentPagesQuery } from "../../api/media";
import type { Asset, DocumentPage } from "../../api/types";
import { Listed } from "../../components/Listed";
import { LoadMore } from "../../components/LoadMore";
import { Scrolled } from "../../components/Scrolled";
import { strings } from "../../strings";
import { here } from "./addresses";

/** A document as it can be read here: what its pages look like, or what is written on them. */
export function DocumentPages({ asset, none }: { asset: Asset; none: ReactNode }) {
  const list = useInfiniteQuery(documentPagesQuery(asset));
  const pages = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Listed query={list} isEmpty={pages.length === 0} height={420} none={none}>
      <Scrolled label={strings.asset.contents} className="pages">
        <ol className="pages__list">
          {pages.map((page) => (
            <li key={page.page_number}>
              <PageOf page={page} />
              <p className="faint small number">{strings.asset.page(page.page_number)}</p>
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
