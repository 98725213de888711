import { useMutation, useQueryClient } from "@tanstack/react-query";
import { UserX } from "lucide-react";
import { privacyCommands } from "../../api/privacy";
import { keys } from "../../api/queries";
import { useSignOut } from "../../app/TopBar";
import { BusyButton } from "../../components/BusyButton";
import { Empty } from "../../components/Empty";
import { Problem } from "../../components/Problem";
import { formatDate } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";

const text = strings.privacy;

/** Stands in place of every page while the account is closed. */
export default function ClosedAccount({ until }: { until: string }) {
  useTitle(text.closedTitle);
  const client = useQueryClient();
  const signOut = useSignOut();
  const reopen = useMutation({
    mutationFn: privacyCommands.reopen,
    onSuccess: async () => {
      await client.invalidateQueries();
      showToast(text.reopened);
    },
    onError: () => client.invalidateQueries({ queryKey: keys.me }),
  });
  return (
    <div className="page page--narrow">
      <h1 className="visually-hidden">{text.closedTitle}</h1>
      <Empty icon={UserX} title={text.closedTitle} text={text.closedText(formatDate(until))}>
        <BusyButton type="button" className="button button--primary" busy={reopen.isPending} onClick={() => reopen.mutate()}>
          {text.reopen}
        </BusyButton>
        <button type="button" className="button" onClick={signOut}>
          {strings.bar.signOut}
        </button>
      </Empty>
      {reopen.isError ? <Problem error={reopen.error} /> : null}
    </div>
  );
}
