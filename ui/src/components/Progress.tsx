/** How far something is; `label` says what. It is made of spans, so that it may stand in a line of text. */
export function Progress({
  label,
  value,
  max = 100,
  tone = "live",
}: {
  label: string;
  value: number;
  max?: number;
  /** `still` while it does not move, `bad` once it failed. */
  tone?: "live" | "still" | "bad";
}) {
  const done = Math.round(Math.min(max, Math.max(0, value)));
  return (
    <span
      className={`progress progress--${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={done}
    >
      <span className="progress__bar" style={{ width: `${(100 * done) / max}%` }} />
    </span>
  );
}
