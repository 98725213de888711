import { expect, it } from "vitest";
import { estimateStrength } from "./strength";

it("a password is as strong as it is hard to guess", async () => {
  for (const weak of ["password123", "qwertyuiop", "aaaaaaaaaaaa", "1234567890"]) {
    expect(await estimateStrength(weak, []), weak).toBeLessThan(2);
  }
  expect(await estimateStrength("seven herons by the river", [])).toBe(4);
});

it("what everybody knows of a person makes no password", async () => {
  expect(await estimateStrength("robin.vale1987", [])).toBeGreaterThan(await estimateStrength("robin.vale1987", ["robin.vale"]));
});
