import { Scrolled } from "../../../components/Scrolled";
import { strings } from "../../../strings";
import { bars, HEIGHT, WIDTH } from "./plot";

export interface Series {
  name: string;
  /** Its colour, as a class. */
  look: "usual" | "refused" | "bad";
  values: number[];
}

/** Stacked bars over time. The picture is for the eye; the table behind it says the same, number by number. */
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
    <figure className="traffic__plot">
      <figcaption className="traffic__caption">
        <span>{title}</span>
        <span className="faint small">{strings.traffic.peak(format(most))}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden className="traffic__bars">
        <line x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} className="traffic__line" />
        {bars(stacks).map((bar, place) => (
          // An hour comes twice when clocks are put back.
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
                className={`traffic__bar traffic__bar--${series[index]?.look ?? "usual"}`}
              />
            ))}
          </g>
        ))}
      </svg>
      <p className="traffic__axis faint small" aria-hidden>
        <span>{times[0]}</span>
        <span>{times.at(-1)}</span>
      </p>
      <ul className="traffic__legend small soft">
        {series.map((one) => (
          <li key={one.name}>
            <span className={`traffic__key traffic__key--${one.look}`} aria-hidden />
            {one.name}
          </li>
        ))}
      </ul>
      <details>
        <summary className="soft small">{strings.traffic.table}</summary>
        <Scrolled label={title} className="table-scroll traffic__numbers">
          <table className="table table--numbers">
            <thead>
              <tr>
                <th scope="col">{strings.traffic.time}</th>
                {series.map((one) => (
                  <th key={one.name} scope="col">
                    {one.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((time, place) => (
                <tr key={`${time} ${place}`}>
                  <th scope="row">{time}</th>
                  {series.map((one) => (
                    <td key={one.name}>{format(one.values[place] ?? 0)}</td>
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
