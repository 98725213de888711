/** Text for programs, which scrolls where it is long. */
export function Code({ label, text }: { label: string; text: string }) {
  return (
    // It scrolls, so that it has to be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className="play__code" role="region" aria-label={label} tabIndex={0}>
      {text}
    </pre>
  );
}
