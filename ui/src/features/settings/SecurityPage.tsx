import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { LinkedIdentities } from "./LinkedIdentities";
import { Passkeys } from "./security/Passkeys";
import { Sessions } from "./security/Sessions";
import { Totp } from "./security/Totp";

/** How one signs in, and where one is signed in. Each section is a component of its own in `security`. */
export function SecurityPage() {
  useTitle(strings.settings.security);
  return (
    <>
      <Passkeys />
      <Totp />
      <LinkedIdentities />
      <Sessions />
    </>
  );
}
