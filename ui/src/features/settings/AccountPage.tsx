import { useQuery } from "@tanstack/react-query";
import { meQuery } from "../../api/me";
import { useSignOut } from "../../app/TopBar";
import { Problem } from "../../components/Problem";
import { formatDate, initials } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { EmailForm } from "./account/EmailForm";
import { EmailNotice } from "./account/EmailNotice";
import { NameForm } from "./account/NameForm";
import { PasswordForm } from "./account/PasswordForm";

/** Who one is on this server. Each section is a component of its own in `account`. */
export function AccountPage() {
  useTitle(strings.settings.title);
  const me = useQuery(meQuery);
  const signOut = useSignOut();
  if (me.isError && !me.data) return <Problem error={me.error} onRetry={() => void me.refetch()} />;
  if (!me.data) return <div className="skeleton" style={{ height: 220 }} />;
  const { user } = me.data;
  return (
    <>
      <section className="settings__section">
        <div>
          <h2>{strings.settings.account}</h2>
          <p className="soft">{strings.settings.accountLead}</p>
        </div>
        <div className="settings__who">
          <span className="avatar settings__avatar" aria-hidden>
            {initials(user.name)}
          </span>
          <div>
            <p className="account__name">{user.name}</p>
            <p className="soft">{user.email}</p>
          </div>
        </div>
        {user.email_verified ? null : <EmailNotice email={user.email} />}
        <NameForm key={user.name} name={user.name} />
        <dl className="settings__facts">
          <div>
            <dt>{strings.settings.memberSince}</dt>
            <dd>{formatDate(user.created_at)}</dd>
          </div>
        </dl>
        <div>
          <button type="button" className="button" onClick={signOut}>
            {strings.bar.signOut}
          </button>
        </div>
      </section>
      <EmailForm />
      <PasswordForm email={user.email} name={user.name} />
    </>
  );
}
