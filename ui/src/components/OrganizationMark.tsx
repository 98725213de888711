import { initials } from "../lib/format";

/** Organizations are square where people are round. */
export function OrganizationMark({ name }: { name: string }) {
  return (
    <span className="organization-mark" aria-hidden>
      {initials(name)}
    </span>
  );
}
