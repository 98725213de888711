import { useMutation, useQueryClient } from "@tanstack/react-query";
import { accountCommands } from "../../../api/account";
import { isApiError } from "../../../api/client";
import { keys } from "../../../api/queries";
import { BusyButton } from "../../../components/BusyButton";
import { Problem } from "../../../components/Problem";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";

/** Asks to confirm the address. */
export function EmailNotice({ email }: { email: string }) {
  const client = useQueryClient();
  const resend = useMutation({
    mutationFn: accountCommands.resendConfirmation,
    onSuccess: () => showToast(strings.confirmEmail.resent),
    onError: (error) => {
      // It was confirmed elsewhere meanwhile.
      if (isApiError(error) && error.code === "email_verified") void client.invalidateQueries({ queryKey: keys.me });
    },
  });
  return (
    <>
      <div className="notice">
        <p className="notice__title">{strings.confirmEmail.notice}</p>
        <p className="soft">{strings.confirmEmail.noticeText(email)}</p>
        <div className="notice__row">
          <BusyButton type="button" className="button button--small" busy={resend.isPending} onClick={() => resend.mutate()}>
            {strings.confirmEmail.resend}
          </BusyButton>
        </div>
      </div>
      {resend.isError ? <Problem error={resend.error} /> : null}
    </>
  );
}
