import { expect, it } from "vitest";
import { grantable } from "./roles";

it("owners are made and changed by owners only", () => {
  expect(grantable(true)).toEqual(["owner", "admin", "member", "viewer"]);
  expect(grantable(false)).toEqual(["admin", "member", "viewer"]);
});
