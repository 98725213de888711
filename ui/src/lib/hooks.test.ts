import { expect, it } from "vitest";
import { isTyping } from "./hooks";

function input(type: string): HTMLInputElement {
  return Object.assign(document.createElement("input"), { type });
}

it("letters go into fields of text, not into sliders and boxes", () => {
  expect(["text", "search", "date", "number"].map((type) => isTyping(input(type)))).toEqual([true, true, true, true]);
  expect(["range", "checkbox", "radio"].map((type) => isTyping(input(type)))).toEqual([false, false, false]);
  expect(isTyping(document.createElement("textarea"))).toBe(true);
  expect(isTyping(document.body)).toBe(false);
});
