import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fieldErrors } from "../../api/client";
import { useMay } from "../../api/me";
import { organizationCommands } from "../../api/organizations";
import { useSendsMail } from "../../api/sign-in";
import { keys } from "../../api/queries";
import type { IssuedInvitation, Role } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { formatDate } from "../../lib/format";
import { strings } from "../../strings";
import { CopyNotice } from "./CopyNotice";
import { RoleField } from "./RoleField";
import { grantable } from "./roles";

const EMAIL_MAX = 254;
const FIELDS = { email_invalid: "email", already_member: "email" } as const;

/** Asks whom to invite as what, then shows the link, which can be seen this once. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const roles = grantable(useMay("manage_owners"));
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const invite = useMutation({
    mutationFn: () => organizationCommands.invite({ email: email.trim(), role }),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.invitations }),
  });
  if (invite.data) return <IssuedDialog invitation={invite.data} onClose={onClose} />;

  const errors = fieldErrors(invite.error, FIELDS);
  const unexplained = invite.isError && Object.keys(errors).length === 0;
  return (
    <Dialog open onClose={onClose} title={strings.invitations.inviteTitle} description={strings.invitations.inviteText}>
      <form
        className="dialog__form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (email.trim() !== "") invite.mutate();
        }}
      >
        {unexplained ? <Problem error={invite.error} /> : null}
        <TextField
          label={strings.auth.email}
          type="email"
          value={email}
          maxLength={EMAIL_MAX}
          autoComplete="off"
          error={errors.email}
          onChange={(event) => {
            setEmail(event.target.value);
            invite.reset();
          }}
        />
        <RoleField label={strings.invitations.role} value={role} options={roles} hint={strings.roleNotes[role]} onChange={setRole} />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--primary" disabled={email.trim() === ""} busy={invite.isPending}>
            {strings.members.invite}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}

export function IssuedDialog({ invitation, onClose }: { invitation: IssuedInvitation; onClose: () => void }) {
  const sendsMail = useSendsMail();
  const { issuedLink, issuedText, keptLink, keptText } = strings.invitations;
  const until = formatDate(invitation.expires_at);
  return (
    <Dialog open onClose={onClose} title={strings.invitations.issuedTitle(invitation.email)}>
      <CopyNotice
        title={sendsMail ? issuedLink : keptLink}
        text={sendsMail ? issuedText(until) : keptText(until)}
        value={invitation.link}
      />
      <div className="dialog__actions">
        <button type="button" className="button button--primary" onClick={onClose}>
          {strings.common.done}
        </button>
      </div>
    </Dialog>
  );
}
