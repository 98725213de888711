import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Crown, EllipsisVertical, LogOut, UserMinus, UserPlus } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import { useMay, useMe } from "../../api/me";
import { membersQuery, organizationCommands, patchMember } from "../../api/organizations";
import { keys } from "../../api/queries";
import type { Me, Member, Role } from "../../api/types";
import { useEnterOrganization } from "../../app/organization";
import { Confirm } from "../../components/Confirm";
import { PagedList } from "../../components/Listed";
import { formatDate, initials } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { Invitations } from "./Invitations";
import { InviteDialog } from "./InviteDialog";
import { grantable } from "./roles";

export function MembersPage() {
  useTitle(strings.settings.members);
  const me = useMe();
  const list = useInfiniteQuery(membersQuery);
  const mayInvite = useMay("invite_members");
  const [inviting, setInviting] = useState(false);

  return (
    <>
      <section className="settings__section">
        <div className="settings__head">
          <div>
            <h2>{strings.settings.members}</h2>
            <p className="soft">{strings.members.lead}</p>
          </div>
          {mayInvite ? (
            <button type="button" className="button button--primary" onClick={() => setInviting(true)}>
              <UserPlus size={16} aria-hidden />
              {strings.members.invite}
            </button>
          ) : null}
        </div>
        {me ? (
          <PagedList list={list} label={strings.settings.members} className="rows" height={56}>
            {(member) => <MemberRow key={member.user_id} member={member} me={me} />}
          </PagedList>
        ) : null}
      </section>
      {mayInvite ? <Invitations /> : null}
      {inviting ? <InviteDialog onClose={() => setInviting(false)} /> : null}
    </>
  );
}

function MemberRow({ member, me }: { member: Member; me: Me }) {
  const client = useQueryClient();
  const roles = grantable(useMay("manage_owners"));
  const mayChange = useMay("manage_members") && !member.is_me && roles.includes(member.role);

  const changeRole = (role: Role, undo: boolean): void => {
    const before = member.role;
    patchMember(client, member.user_id, { role });
    void organizationCommands
      .changeRole(member.user_id, role)
      .then(() =>
        showToast(
          strings.members.roleChanged(member.name, strings.roles[role]),
          undo ? { label: strings.common.undo, run: () => changeRole(before, false) } : undefined,
        ),
      )
      .catch((error: unknown) => {
        patchMember(client, member.user_id, { role: before });
        tell(error);
      });
  };

  return (
    <li className="row">
      <span className="avatar row__avatar" aria-hidden>
        {initials(member.name)}
      </span>
      <div className="row__text">
        <p className="row__name">
          <span className="truncate">{member.name}</span>
          {member.is_me ? <span className="tag">{strings.members.you}</span> : null}
        </p>
        <p className="faint small truncate" title={strings.members.since(formatDate(member.joined_at))}>
          {member.email}
        </p>
      </div>
      {mayChange ? (
        <select
          className="select select--quiet row__role"
          aria-label={strings.members.roleOf(member.name)}
          value={member.role}
          onChange={(event) => changeRole(event.target.value as Role, true)}
        >
          {roles.map((role) => (
            <option key={role} value={role}>
              {strings.roles[role]}
            </option>
          ))}
        </select>
      ) : (
        <span className="row__role row__role--fixed soft small">{strings.roles[member.role]}</span>
      )}
      <MemberMenu member={member} me={me} mayRemove={mayChange} />
    </li>
  );
}

type Question = "remove" | "leave" | "transfer";

function MemberMenu({ member, me, mayRemove }: { member: Member; me: Me; mayRemove: boolean }) {
  const client = useQueryClient();
  const enter = useEnterOrganization();
  const [asked, setAsked] = useState<Question | null>(null);
  const { organization } = me;
  const mayLeave = useMay("leave_organization") && member.is_me && !organization.is_personal;
  const mayTransfer = useMay("transfer_organization") && !member.is_me && !organization.is_personal;
  const close = (): void => setAsked(null);

  const remove = async (): Promise<void> => {
    await organizationCommands.removeMember(member.user_id);
    showToast(strings.members.removed(member.name));
    await client.invalidateQueries({ queryKey: keys.members });
    void client.invalidateQueries({ queryKey: keys.organization });
  };
  const leave = async (): Promise<void> => {
    await organizationCommands.removeMember(member.user_id);
    showToast(strings.members.left(organization.name));
    const personal = me.organizations.find((one) => one.is_personal);
    if (personal) await enter(personal, "/");
  };
  const transfer = async (): Promise<void> => {
    await organizationCommands.transfer(member.user_id);
    showToast(strings.members.transferred(member.name, organization.name));
    await Promise.all([keys.me, keys.members, keys.organization].map((queryKey) => client.invalidateQueries({ queryKey })));
  };

  if (!mayRemove && !mayLeave && !mayTransfer) return null;
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <button
            type="button"
            className="icon-button icon-button--small row__menu"
            aria-label={strings.members.actionsFor(member.name)}
          >
            <EllipsisVertical size={16} aria-hidden />
          </button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
            {mayTransfer ? (
              <DropdownMenu.Item className="menu__item" onSelect={() => setAsked("transfer")}>
                <Crown size={16} aria-hidden />
                {strings.members.transfer}
              </DropdownMenu.Item>
            ) : null}
            {mayRemove ? (
              <DropdownMenu.Item className="menu__item menu__item--danger" onSelect={() => setAsked("remove")}>
                <UserMinus size={16} aria-hidden />
                {strings.members.remove}
              </DropdownMenu.Item>
            ) : null}
            {mayLeave ? (
              <DropdownMenu.Item className="menu__item menu__item--danger" onSelect={() => setAsked("leave")}>
                <LogOut size={16} aria-hidden />
                {strings.members.leave}
              </DropdownMenu.Item>
            ) : null}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {asked === "remove" ? (
        <Confirm
          title={strings.members.removeTitle(member.name)}
          text={strings.members.removeText(organization.name)}
          action={strings.common.remove}
          onConfirm={remove}
          onClose={close}
        />
      ) : null}
      {asked === "leave" ? (
        <Confirm
          title={strings.members.leaveTitle(organization.name)}
          text={strings.members.leaveText}
          action={strings.members.leaveNow}
          onConfirm={leave}
          onClose={close}
        />
      ) : null}
      {asked === "transfer" ? (
        <Confirm
          title={strings.members.transferTitle(member.name, organization.name)}
          text={strings.members.transferText}
          action={strings.members.transferNow}
          danger={false}
          onConfirm={transfer}
          onClose={close}
        />
      ) : null}
    </>
  );
}
