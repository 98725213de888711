/** A bar of a plot, in the plot's own units: the width is `WIDTH`, the height `HEIGHT`, and zero is at the bottom. */
export interface Bar {
  x: number;
  width: number;
  /** From the bottom up, in the order in which they are stacked. */
  parts: { y: number; height: number }[];
}

export const WIDTH = 600;
export const HEIGHT = 120;
/** Of a place, what stays free beside its bar. */
const GAP = 0.2;

/** Stacked bars beside each other, the highest of which reaches the top. What is there at all can be seen. */
export function bars(stacks: readonly (readonly number[])[]): Bar[] {
  const most = Math.max(1, ...stacks.map((stack) => stack.reduce((sum, value) => sum + value, 0)));
  const place = WIDTH / Math.max(1, stacks.length);
  return stacks.map((stack, index) => {
    let top = HEIGHT;
    const parts = stack.map((value) => {
      const height = value === 0 ? 0 : Math.max(1, (value / most) * HEIGHT);
      top = Math.max(0, top - height);
      return { y: top, height };
    });
    return { x: index * place + (place * GAP) / 2, width: place * (1 - GAP), parts };
  });
}

/** What each is of all of them, in whole percent that come to 100 together: by largest remainder (Hamilton). Nothing has no parts. */
export function shares(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0);
  if (total === 0) return values.map(() => 0);
  const exact = values.map((value) => (value / total) * 100);
  const whole = exact.map(Math.floor);
  const left = 100 - whole.reduce((sum, value) => sum + value, 0);
  const byRemainder = exact.map((value, index) => ({ index, remainder: value % 1 })).sort((a, b) => b.remainder - a.remainder);
  const raised = new Set(byRemainder.slice(0, left).map(({ index }) => index));
  return whole.map((value, index) => (raised.has(index) ? value + 1 : value));
}

/** Those that are shown each by itself, and the rest that is shown as one. A rest of one would be no shorter, so there is none. */
export function foremost<T>(items: readonly T[], most: number): { shown: readonly T[]; rest: readonly T[] } {
  if (items.length <= most) return { shown: items, rest: [] };
  return { shown: items.slice(0, most - 1), rest: items.slice(most - 1) };
}
