import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { Sessions } from "./security/Sessions";

/** How one signs in, and where one is signed in. Each section is a component of its own in `security`. */
export function SecurityPage() {
  useTitle(strings.settings.security);
  return <Sessions />;
}
