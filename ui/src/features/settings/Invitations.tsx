import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Mail, Send, X } from "lucide-react";
import { useState } from "react";
import { useMay } from "../../api/me";
import { invitationsQuery, organizationCommands } from "../../api/organizations";
import { keys } from "../../api/queries";
import type { Invitation } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Confirm } from "../../components/Confirm";
import { PagedList } from "../../components/Listed";
import { Tip } from "../../components/Tip";
import { formatDate } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { IssuedDialog } from "./InviteDialog";
import { grantable } from "./roles";

/** Who was asked to join, and what became of it. */
export function Invitations() {
  const client = useQueryClient();
  const list = useInfiniteQuery(invitationsQuery);
  const roles = grantable(useMay("manage_owners"));
  const [doomed, setDoomed] = useState<Invitation | null>(null);
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: keys.invitations });

  const resend = useMutation({
    mutationFn: (id: string) => organizationCommands.resendInvitation(id),
    onError: tell,
    onSettled: refresh,
  });
  const revoke = async (invitation: Invitation): Promise<void> => {
    await organizationCommands.revokeInvitation(invitation.id);
    showToast(strings.invitations.revoked(invitation.email));
    await refresh();
  };

  return (
    <section className="settings__section">
      <div>
        <h2>{strings.invitations.title}</h2>
        <p className="soft">{strings.invitations.lead}</p>
      </div>
      <PagedList
        list={list}
        label={strings.invitations.title}
        className="rows"
        height={56}
        none={<p className="faint">{strings.invitations.none}</p>}
      >
        {(invitation) => (
          <InvitationRow
            key={invitation.id}
            invitation={invitation}
            busy={resend.isPending}
            onResend={roles.includes(invitation.role) ? () => resend.mutate(invitation.id) : undefined}
            onRevoke={() => setDoomed(invitation)}
          />
        )}
      </PagedList>
      {resend.data ? <IssuedDialog invitation={resend.data} onClose={() => resend.reset()} /> : null}
      {doomed ? (
        <Confirm
          title={strings.invitations.revokeTitle(doomed.email)}
          text={strings.invitations.revokeText}
          action={strings.invitations.revokeNow}
          onConfirm={() => revoke(doomed)}
          onClose={() => setDoomed(null)}
        />
      ) : null}
    </section>
  );
}

function InvitationRow({
  invitation,
  busy,
  onResend,
  onRevoke,
}: {
  invitation: Invitation;
  busy: boolean;
  /** Missing where it is not this person's to send. */
  onResend: (() => void) | undefined;
  onRevoke: () => void;
}) {
  const { email, role, status, invited_by_name, created_at, expires_at } = invitation;
  const facts = [
    strings.roles[role],
    invited_by_name === null ? null : strings.invitations.by(invited_by_name),
    status === "pending" ? strings.invitations.expires(formatDate(expires_at)) : formatDate(created_at),
  ];
  return (
    <li className="row">
      <span className="row__icon">
        <Mail size={20} strokeWidth={1.75} aria-hidden />
      </span>
      <div className="row__text">
        <p className="row__name">
          <span className="truncate">{email}</span>
          <span className="tag">{strings.invitations.status[status]}</span>
        </p>
        <p className="faint small">{facts.filter((fact) => fact !== null).join(" · ")}</p>
      </div>
      {status === "pending" || status === "expired" ? (
        <div className="row__action">
          {onResend ? (
            <Tip text={strings.invitations.resend}>
              <BusyButton
                type="button"
                className="icon-button"
                aria-label={strings.invitations.resendTo(email)}
                busy={busy}
                onClick={onResend}
              >
                <Send size={16} aria-hidden />
              </BusyButton>
            </Tip>
          ) : null}
          {status === "pending" ? (
            <Tip text={strings.invitations.revoke}>
              <button type="button" className="icon-button" aria-label={strings.invitations.revokeOf(email)} onClick={onRevoke}>
                <X size={16} aria-hidden />
              </button>
            </Tip>
          ) : null}
        </div>
      ) : null}
    </li>
  );
}
