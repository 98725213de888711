import { describe, expect, it } from "vitest";
import { bars, foremost, HEIGHT, shares, WIDTH } from "./plot";

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

describe("shares", () => {
  it.each([
    [[1, 1, 1], [34, 33, 33]],
    [[2, 1], [67, 33]],
    [[9999, 1], [100, 0]],
    [[0, 5], [0, 100]],
    [[7], [100]],
  ])("of %j come to 100 together, rounded where that is least wrong", (values, percents) => {
    expect(shares(values)).toEqual(percents);
  });

  it("are none where there is nothing", () => {
    expect(shares([0, 0])).toEqual([0, 0]);
    expect(shares([])).toEqual([]);
  });

  it("come to 100 also for sizes as they are", () => {
    for (let count = 1; count < 40; count += 1) {
      const sizes = Array.from({ length: count }, (_, index) => 1_234_567_891 * (index + 1) ** 3 + index * 7919);
      expect(shares(sizes).reduce((sum, value) => sum + value, 0)).toBe(100);
    }
  });
});

describe("foremost", () => {
  it("shows all where there are few", () => {
    expect(foremost([3, 2, 1], 3)).toEqual({ shown: [3, 2, 1], rest: [] });
    expect(foremost([], 3)).toEqual({ shown: [], rest: [] });
  });

  it("takes the rest together, which never is one alone", () => {
    expect(foremost([4, 3, 2, 1], 3)).toEqual({ shown: [4, 3], rest: [2, 1] });
  });
});
