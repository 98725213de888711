import { useMutation } from "@tanstack/react-query";
import { Fingerprint } from "lucide-react";
import { useEffect, useEffectEvent, useRef } from "react";
import { accountCommands } from "../../api/account";
import type { Me } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { askPasskey, isDeclined, offersPasskeysWhileTyping, passkeyHindrance } from "../../lib/passkeys";
import { strings } from "../../strings";

/** A challenge is good for ten minutes; the one behind the field gives way to another before. */
const OFFERED_FOR_MS = 9 * 60_000;

/** Signs in with a passkey: by a button, and by what the browser offers in the field of the address. */
export function PasskeySignIn({ onSignedIn }: { onSignedIn: (me: Me) => void }) {
  // A browser waits for one answer at a time.
  const offer = useRef<AbortController | null>(null);
  const ask = useMutation({
    mutationFn: async () => {
      offer.current?.abort();
      const ceremony = await accountCommands.beginPasskeySignIn();
      return accountCommands.signInByPasskey(await askPasskey(ceremony, new AbortController().signal));
    },
    onSuccess: onSignedIn,
  });
  const entered = useEffectEvent(onSignedIn);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const page = new AbortController();
    const offerWhileTyping = async (): Promise<void> => {
      if (!(await offersPasskeysWhileTyping())) return;
      const ceremony = await accountCommands.beginPasskeySignIn();
      page.signal.throwIfAborted();
      const controller = new AbortController();
      offer.current = controller;
      timer = setTimeout(() => {
        controller.abort();
        start();
      }, OFFERED_FOR_MS);
      const me = await accountCommands.signInByPasskey(await askPasskey(ceremony, controller.signal, "conditional"));
      page.signal.throwIfAborted();
      entered(me);
    };
    const start = (): void => {
      // Nobody asked for it, so nobody is told that it is not to be had.
      offerWhileTyping().catch(() => undefined);
    };
    start();
    return () => {
      page.abort();
      clearTimeout(timer);
      offer.current?.abort();
    };
  }, []);

  if (passkeyHindrance() !== null) return null;
  return (
    <div className="auth__choices">
      <p className="auth__or faint small">{strings.passkeys.or}</p>
      {ask.isError && !isDeclined(ask.error) ? <Problem error={ask.error} /> : null}
      <BusyButton type="button" className="button" busy={ask.isPending} onClick={() => ask.mutate()}>
        <Fingerprint size={16} aria-hidden />
        {strings.passkeys.signIn}
      </BusyButton>
    </div>
  );
}
