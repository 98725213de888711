/** One of several, with its name beside it. */
export function Choice<T extends string>({
  label,
  value,
  options,
  nameOf,
  any,
  onChoose,
}: {
  label: string;
  value: T | undefined;
  options: readonly T[];
  nameOf: (option: T) => string;
  /** What it is called to choose none of them, where that can be. */
  any?: string;
  onChoose: (chosen: T | undefined) => void;
}) {
  return (
    <label className="choice">
      <span className="soft small">{label}</span>
      <select
        className="select"
        value={value ?? ""}
        onChange={(event) => onChoose(options.find((option) => option === event.target.value))}
      >
        {any === undefined ? null : <option value="">{any}</option>}
        {options.map((option) => (
          <option key={option} value={option}>
            {nameOf(option)}
          </option>
        ))}
      </select>
    </label>
  );
}
