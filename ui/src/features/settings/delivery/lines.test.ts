import { expect, it } from "vitest";
import { linesOf } from "./lines";

it("a list is what stands on its lines", () => {
  expect(linesOf("")).toEqual([]);
  expect(linesOf(" https://a.example \r\n\n  \nhttps://b.example")).toEqual(["https://a.example", "https://b.example"]);
});
