import { describe, expect, it } from "vitest";
import { bars, HEIGHT, WIDTH } from "./plot";

describe("bars", () => {
  it("lie beside each other, the highest up to the top", () => {
    const [first, second] = bars([[10], [5]]);
    expect(first?.parts).toEqual([{ y: 0, height: HEIGHT }]);
    expect(second?.parts).toEqual([{ y: HEIGHT / 2, height: HEIGHT / 2 }]);
    expect(second?.x).toBeGreaterThan((first?.x ?? 0) + (first?.width ?? 0));
    expect((second?.x ?? 0) + (second?.width ?? 0)).toBeLessThanOrEqual(WIDTH);
  });

  it("stand on each other within one place", () => {
    const [bar] = bars([[6, 4]]);
    expect(bar?.parts[0]).toEqual({ y: HEIGHT * 0.4, height: HEIGHT * 0.6 });
    expect(bar?.parts[1]).toEqual({ y: 0, height: HEIGHT * 0.4 });
  });

  it("show what is there at all, and nothing where there is nothing", () => {
    const [none, little] = bars([[0], [1], [1_000_000]]);
    expect(none?.parts[0]?.height).toBe(0);
    expect(little?.parts[0]?.height).toBe(1);
    expect(bars([])).toEqual([]);
    expect(bars([[0, 0]])[0]?.parts.every(({ height }) => height === 0)).toBe(true);
  });
});
