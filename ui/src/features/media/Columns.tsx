import { useNavigate } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { AssetSort } from "../../api/media";
import { strings } from "../../strings";
import { inOrder, SORTED_COLUMNS, sortBy, type Place } from "./place";

/** What begins with the least. */
const RISING: readonly AssetSort[] = ["oldest", "filename"];

/**
 * What stands in which column of the list, and sorts it by that. Its lines are links in a list rather than rows of a
 * table, so that buttons tell the order, not headings.
 */
export function Columns({ place, mayEdit }: { place: Place; mayEdit: boolean }) {
  const { column } = strings.media;
  return (
    <div className="columns" role="group" aria-label={strings.media.columns} data-checks={mayEdit} data-until={place.bin ? true : undefined}>
      <div className="columns__line">
        <span />
        <Sorting by="filename" place={place} />
        <span className="asset__cell">{column.kind}</span>
        <span className="asset__cell asset__cell--wide">{column.pixels}</span>
        <Sorting by="size" place={place} />
        {place.bin ? <span className="asset__cell">{column.until}</span> : <Sorting by="added" place={place} />}
      </div>
    </div>
  );
}

function Sorting({ by, place }: { by: keyof typeof SORTED_COLUMNS; place: Place }) {
  const navigate = useNavigate({ from: "/media" });
  const sort = place.sort ?? "newest";
  const orders: readonly AssetSort[] = SORTED_COLUMNS[by];
  const isSorted = orders.includes(sort);
  const Arrow = RISING.includes(sort) ? ArrowUp : ArrowDown;
  const next = sortBy(by, sort);
  return (
    <button
      type="button"
      className={by === "added" ? "columns__sort asset__cell--wide" : "columns__sort"}
      aria-pressed={isSorted}
      title={strings.media.sortTo(strings.media.sorts[next])}
      onClick={() => void navigate({ search: (before) => inOrder(before, next), replace: true })}
    >
      {strings.media.column[by]}
      {isSorted ? <Arrow size={16} aria-hidden /> : null}
      {isSorted && by === "added" ? <span className="visually-hidden">{strings.media.sorts[sort]}</span> : null}
    </button>
  );
}
