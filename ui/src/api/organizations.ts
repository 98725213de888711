import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";
import { request, requestJson } from "./client";
import { keys } from "./queries";
import type {
  Invitation,
  IssuedInvitation,
  Member,
  MyOrganization,
  Organization,
  OrganizationChanges,
  Page,
  InvitationOffer,
  Role,
} from "./types";

const PAGE_SIZE = 50;

export const organizationQuery = queryOptions({
  queryKey: keys.organization,
  queryFn: ({ signal }) => requestJson<Organization>("GET", "/organization", { signal }),
});

export const membersQuery = infiniteQueryOptions({
  queryKey: keys.members,
  queryFn: ({ pageParam, signal }) =>
    requestJson<Page<Member>>("GET", "/members", { query: { limit: PAGE_SIZE, cursor: pageParam }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  // No event tells of those who join and leave.
  refetchOnWindowFocus: "always",
});

export const invitationsQuery = infiniteQueryOptions({
  queryKey: keys.invitations,
  queryFn: ({ pageParam, signal }) =>
    requestJson<Page<Invitation>>("GET", "/invitations", { query: { limit: PAGE_SIZE, cursor: pageParam }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  // No event tells of those who join and leave.
  refetchOnWindowFocus: "always",
});

/** As many organizations are asked for one thing. */
const ASKED_MAX = 10;

/** The one of these organizations that has what is at this path; `null` where none has. */
export function elsewhereQuery(path: string, organizations: readonly MyOrganization[]) {
  const asked = organizations.filter(({ status }) => status === "active").slice(0, ASKED_MAX);
  const has = ({ id }: MyOrganization, signal: AbortSignal): Promise<boolean> =>
    request("GET", path, { organization: id, signal }).then(() => true, () => false);
  return queryOptions({
    queryKey: keys.elsewhere(path),
    queryFn: async ({ signal }) => {
      const answers = await Promise.all(asked.map((organization) => has(organization, signal)));
      return asked.find((_, index) => answers[index]) ?? null;
    },
    enabled: asked.length > 0,
  });
}

export function invitationQuery(token: string) {
  return queryOptions({
    queryKey: keys.invitation(token),
    queryFn: ({ signal }) => requestJson<InvitationOffer>("POST", "/invitations/lookup", { json: { token }, signal }),
    enabled: token !== "",
  });
}

export const organizationCommands = {
  create: (json: { name: string; slug?: string }) => requestJson<Organization>("POST", "/organizations", { json }),
  change: (json: OrganizationChanges) => requestJson<Organization>("PATCH", "/organization", { json }),
  remove: (slug: string) => request("DELETE", "/organization", { json: { slug } }),
  restore: () => requestJson<Organization>("POST", "/organization/restore"),
  transfer: (userId: string) => requestJson<Organization>("POST", "/organization/transfer", { json: { user_id: userId } }),
  changeRole: (userId: string, role: Role) => requestJson<Member>("PATCH", `/members/${userId}`, { json: { role } }),
  removeMember: (userId: string) => request("DELETE", `/members/${userId}`),
  invite: (json: { email: string; role: Role }) => requestJson<IssuedInvitation>("POST", "/invitations", { json }),
  resendInvitation: (id: string) => requestJson<IssuedInvitation>("POST", `/invitations/${id}/resend`),
  revokeInvitation: (id: string) => request("DELETE", `/invitations/${id}`),
  acceptInvitation: (token: string) => requestJson<MyOrganization>("POST", "/invitations/accept", { json: { token } }),
  declineInvitation: (token: string) => request("POST", "/invitations/decline", { json: { token } }),
};

interface MemberPages {
  pages: Page<Member>[];
  pageParams: (string | null)[];
}

/** Changes one member in the cached list, without waiting for the server. */
export function patchMember(client: QueryClient, userId: string, change: Partial<Member>): void {
  client.setQueryData<MemberPages>(keys.members, (list) =>
    list
      ? {
          ...list,
          pages: list.pages.map((page) => ({
            ...page,
            items: page.items.map((member) => (member.user_id === userId ? { ...member, ...change } : member)),
          })),
        }
      : list,
  );
}
