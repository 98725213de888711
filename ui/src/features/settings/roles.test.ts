import { expect, it } from "vitest";
import { grantable, rolesUpTo } from "./roles";

it("owners are made and changed by owners only", () => {
  expect(grantable(true)).toEqual(["owner", "admin", "member", "viewer"]);
  expect(grantable(false)).toEqual(["admin", "member", "viewer"]);
});

it("a program is no more than who lets it in", () => {
  expect(rolesUpTo("owner")).toEqual(["owner", "admin", "member", "viewer"]);
  expect(rolesUpTo("member")).toEqual(["member", "viewer"]);
  expect(rolesUpTo("viewer")).toEqual(["viewer"]);
});
