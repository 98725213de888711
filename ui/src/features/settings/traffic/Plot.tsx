import type { ReactNode } from "react";
import { Scrolled } from "../../../components/Scrolled";
import { strings } from "../../../strings";
import { bars, HEIGHT, WIDTH } from "./plot";

/** A colour, as a class: of how requests ended, or of a kind of file. */
export type Look = "usual" | "refused" | "bad" | "video" | "audio" | "image" | "document" | "other";

export interface Series {
  name: string;
  look: Look;
  values: number[];
}

export interface Row {
  name: string;
  /** As they are written, in the order of the columns after the first. */
  values: string[];
}

/** A picture with its name and what is said of it. The picture is for the eye; the table behind it says the same, number by number. */
export function PlotFigure({
  title,
  note,
  columns,
  rows,
  children,
}: {
  title: string;
  note: string;
  columns: string[];
  rows: Row[];
  children: ReactNode;
}) {
  const [first, ...others] = columns;
  return (
    <figure className="traffic__plot">
      <figcaption className="traffic__caption">
        <span>{title}</span>
        <span className="faint small">{note}</span>
      </figcaption>
      {children}
      <details>
        <summary className="soft small">{strings.traffic.table}</summary>
        <Scrolled label={title} className="table-scroll traffic__numbers">
          <table className="table table--numbers">
            <thead>
              <tr>
                <th scope="col">{first}</th>
                {others.map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, place) => (
                // An hour comes twice when clocks are put back.
                <tr key={`${row.name} ${place}`}>
                  <th scope="row">{row.name}</th>
                  {others.map((column, index) => (
                    <td key={column}>{row.values[index]}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolled>
      </details>
    </figure>
  );
}

/** Whose colour is whose, and what else is said of each. */
export function Legend({ items }: { items: { name: string; look: Look; said?: string }[] }) {
  return (
    <ul className="traffic__legend small soft">
      {items.map((one) => (
        <li key={one.name}>
          <span className={`traffic__key traffic__look--${one.look}`} aria-hidden />
          {one.name}
          {one.said === undefined ? null : <span className="faint">{one.said}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Stacked bars over time. */
export function Plot({
  title,
  times,
  series,
  format,
}: {
  title: string;
  times: string[];
  series: Series[];
  format: (value: number) => string;
}) {
  const stacks = times.map((_, index) => series.map((one) => one.values[index] ?? 0));
  const most = Math.max(0, ...stacks.map((stack) => stack.reduce((sum, value) => sum + value, 0)));
  return (
    <PlotFigure
      title={title}
      note={strings.traffic.peak(format(most))}
      columns={[strings.traffic.time, ...series.map(({ name }) => name)]}
      rows={times.map((name, place) => ({ name, values: series.map((one) => format(one.values[place] ?? 0)) }))}
    >
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden className="traffic__bars">
        <line x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} className="traffic__line" />
        {bars(stacks).map((bar, place) => (
          <g key={`${times[place] ?? ""} ${place}`}>
            <title>{`${times[place] ?? ""}: ${series.map((one) => `${one.name} ${format(one.values[place] ?? 0)}`).join(", ")}`}</title>
            {/* The whole place, so that pointing at nothing says so too. */}
            <rect x={bar.x} y="0" width={bar.width} height={HEIGHT} className="traffic__place" />
            {bar.parts.map((part, index) => (
              <rect
                key={series[index]?.name}
                x={bar.x}
                y={part.y}
                width={bar.width}
                height={part.height}
                className={`traffic__bar traffic__look--${series[index]?.look ?? "usual"}`}
              />
            ))}
          </g>
        ))}
      </svg>
      <p className="traffic__axis faint small" aria-hidden>
        <span>{times[0]}</span>
        <span>{times.at(-1)}</span>
      </p>
      <Legend items={series} />
    </PlotFigure>
  );
}
