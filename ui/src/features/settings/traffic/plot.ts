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
