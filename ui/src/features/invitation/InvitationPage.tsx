import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { isApiError, isGone } from "../../api/client";
import { meQuery } from "../../api/me";
import { invitationQuery, organizationCommands } from "../../api/organizations";
import { keys } from "../../api/queries";
import type { InvitationOffer } from "../../api/types";
import { useEnterOrganization } from "../../app/organization";
import { useSignOut } from "../../app/TopBar";
import { BusyButton } from "../../components/BusyButton";
import { OrganizationMark } from "../../components/OrganizationMark";
import { Problem } from "../../components/Problem";
import { formatDate } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { AuthCard, Told } from "../auth/AuthCard";
import { forgetToken, presentedToken } from "./token";

/** Where one comes back to after signing in; the token waits in this tab. */
const HERE = "/invitation";

export function InvitationPage() {
  useTitle(strings.invitation.title);
  const hash = useLocation({ select: (location) => location.hash });
  const token = presentedToken(hash);
  const invitation = useQuery(invitationQuery(token));
  const unknown = token === "" || isGone(invitation.error);

  return (
    <AuthCard>
      {unknown ? (
        <Told title={strings.invitation.unknownTitle} text={strings.invitation.unknownText} />
      ) : invitation.isPending ? (
        <div className="skeleton" style={{ height: 220 }} />
      ) : invitation.data === undefined ? (
        <Problem error={invitation.error} onRetry={() => void invitation.refetch()} />
      ) : invitation.data.status === "pending" ? (
        <Open token={token} invitation={invitation.data} />
      ) : (
        <Told
          title={strings.invitation.closedTitle[invitation.data.status]}
          text={strings.invitation.closedText[invitation.data.status](invitation.data.organization_name)}
        />
      )}
    </AuthCard>
  );
}

function Open({ token, invitation }: { token: string; invitation: InvitationOffer }) {
  const client = useQueryClient();
  const me = useQuery(meQuery);
  const [declined, setDeclined] = useState(false);
  const decline = useMutation({
    mutationFn: () => organizationCommands.declineInvitation(token),
    onSuccess: () => {
      forgetToken();
      setDeclined(true);
    },
    onError: () => void client.invalidateQueries({ queryKey: keys.invitation(token) }),
  });
  const { organization_name, email, role, invited_by_name, expires_at } = invitation;
  if (declined) {
    return <Told title={strings.invitation.closedTitle.declined} text={strings.invitation.closedText.declined(organization_name)} />;
  }
  const stranger = me.isError && isApiError(me.error) && me.error.status === 401;

  return (
    <>
      <div className="auth__head">
        <OrganizationMark name={organization_name} />
        <h1>{strings.invitation.join(organization_name)}</h1>
        <p className="soft">
          {invited_by_name === null
            ? strings.invitation.asked(organization_name, strings.roles[role])
            : strings.invitation.askedBy(invited_by_name, organization_name, strings.roles[role])}
        </p>
      </div>
      <div className="auth__head">
        <p>{strings.roleNotes[role]}</p>
        <p className="faint small">{strings.invitation.facts(email, formatDate(expires_at))}</p>
      </div>
      {decline.isError ? <Problem error={decline.error} /> : null}
      {me.isPending ? (
        <div className="skeleton" style={{ height: 88 }} />
      ) : stranger ? (
        <div className="auth__choices">
          <Link to="/sign-in" search={{ next: HERE }} className="button button--primary">
            {strings.invitation.signIn}
          </Link>
          <Link to="/sign-up" search={{ next: HERE }} className="button">
            {strings.auth.signUp}
          </Link>
          <DeclineButton busy={decline.isPending} onClick={() => decline.mutate()} />
        </div>
      ) : me.data === undefined ? (
        <Problem error={me.error} onRetry={() => void me.refetch()} />
      ) : me.data.user.email.toLowerCase() === email.toLowerCase() ? (
        <div className="auth__choices">
          <AcceptButton token={token} />
          <DeclineButton busy={decline.isPending} onClick={() => decline.mutate()} />
        </div>
      ) : (
        <OtherAccount invited={email} own={me.data.user.email} />
      )}
    </>
  );
}

function DeclineButton({ busy, onClick }: { busy: boolean; onClick: () => void }) {
  return (
    <BusyButton type="button" className="button button--quiet" busy={busy} onClick={onClick}>
      {strings.invitation.decline}
    </BusyButton>
  );
}

function AcceptButton({ token }: { token: string }) {
  const client = useQueryClient();
  const enter = useEnterOrganization();
  const accept = useMutation({
    mutationFn: () => organizationCommands.acceptInvitation(token),
    onSuccess: async (organization) => {
      forgetToken();
      await enter(organization, "/");
      showToast(strings.invitation.joined(organization.name));
    },
    onError: () => void client.invalidateQueries({ queryKey: keys.invitation(token) }),
  });
  return (
    <>
      {accept.isError ? <Problem error={accept.error} /> : null}
      <BusyButton type="button" className="button button--primary" busy={accept.isPending} onClick={() => accept.mutate()}>
        {strings.invitation.accept}
      </BusyButton>
    </>
  );
}

/** The invitation is for one address; whoever is signed in with another is told for which. */
function OtherAccount({ invited, own }: { invited: string; own: string }) {
  const [refused, setRefused] = useState<unknown>(null);
  const signOut = useSignOut(HERE, setRefused);
  return (
    <>
      {refused === null ? null : <Problem error={refused} />}
      <div className="notice" role="status">
        <p className="notice__title">{strings.invitation.otherTitle}</p>
        <p className="soft">{strings.invitation.otherText(invited, own)}</p>
      </div>
      <div className="auth__choices">
        <button type="button" className="button button--primary" onClick={signOut}>
          {strings.invitation.otherAction}
        </button>
        <Link to="/" className="button button--quiet">
          {strings.invitation.stay}
        </Link>
      </div>
    </>
  );
}
