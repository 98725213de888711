import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { accountCommands, confirmationQuery, isTokenWrong } from "../../api/account";
import { keys } from "../../api/queries";
import { Problem } from "../../components/Problem";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { AuthCard, Told } from "./AuthCard";

/** Where the link of the mail after signing up leads. */
export function ConfirmEmailPage() {
  useTitle(strings.confirmEmail.title);
  const token = useLocation({ select: (location) => location.hash });
  const confirmation = useQuery(confirmationQuery(token));

  return (
    <AuthCard>
      {token === "" || isTokenWrong(confirmation.error) ? (
        <Told title={strings.auth.linkWrongTitle} text={strings.confirmEmail.wrongText}>
          <Link to="/settings" className="button">
            {strings.confirmEmail.wrongAction}
          </Link>
        </Told>
      ) : confirmation.isError ? (
        <Problem error={confirmation.error} onRetry={() => void confirmation.refetch()} />
      ) : confirmation.isPending ? (
        <div className="auth__head" role="status">
          <h1>{strings.confirmEmail.title}</h1>
          <p className="soft">{strings.confirmEmail.busy}</p>
        </div>
      ) : (
        <Told title={strings.confirmEmail.doneTitle} text={strings.confirmEmail.doneText} />
      )}
    </AuthCard>
  );
}

/**
 * Where the links of the mails about another address lead. They work once, and agreeing takes a press of a button: programs
 * that look into mails open links too.
 */
export function ChangeEmailPage() {
  useTitle(strings.changeEmail.title);
  const token = useLocation({ select: (location) => location.hash });
  // Whoever opens the second link in the same tab begins anew.
  return (
    <AuthCard>
      <Agreement key={token} token={token} />
    </AuthCard>
  );
}

function Agreement({ token }: { token: string }) {
  const client = useQueryClient();
  const agree = useMutation({
    mutationFn: () => accountCommands.confirmEmailChange(token),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.me }),
  });

  if (token === "" || isTokenWrong(agree.error)) {
    return <Told title={strings.auth.linkWrongTitle} text={strings.changeEmail.wrongText} />;
  }
  if (agree.isSuccess) {
    const { status } = agree.data;
    return <Told title={strings.changeEmail.doneTitle[status]} text={strings.changeEmail.doneText[status]} />;
  }
  return (
    <>
      <div className="auth__head">
        <h1>{strings.changeEmail.title}</h1>
        <p className="soft">{strings.changeEmail.lead}</p>
      </div>
      {agree.isError ? <Problem error={agree.error} /> : null}
      <div className="auth__choices">
        <button type="button" className="button button--primary" disabled={agree.isPending} onClick={() => agree.mutate()}>
          {strings.changeEmail.agree}
        </button>
        <Link to="/" className="button button--quiet">
          {strings.changeEmail.leave}
        </Link>
      </div>
    </>
  );
}
