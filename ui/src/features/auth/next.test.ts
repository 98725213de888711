import { expect, test } from "vitest";
import { localPath } from "./next";

test("only an address of this app is followed", () => {
  expect(localPath("/library?sort=title#top")).toBe("/library?sort=title#top");
  for (const elsewhere of [undefined, "", "library", "//evil.example", "/\\evil.example", "https://evil.example"]) {
    expect(localPath(elsewhere)).toBe("/");
  }
});
