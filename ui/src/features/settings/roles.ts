import type { Role } from "../../api/types";

const ROLES: readonly Role[] = ["owner", "admin", "member", "viewer"];

/** What somebody of this role may let a program be: themselves at most. */
export function rolesUpTo(role: Role): readonly Role[] {
  return ROLES.slice(ROLES.indexOf(role));
}

/** The roles one may give and take away; owners are a matter of owners. */
export function grantable(mayManageOwners: boolean): readonly Role[] {
  return mayManageOwners ? ROLES : ROLES.filter((role) => role !== "owner");
}
