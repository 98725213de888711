import { strings } from "../../strings";
import { useOpenFolderName } from "./folder-name";

/** Over the page while files are held above it: that they are taken, and where they go. */
export function DropVeil() {
  const folder = useOpenFolderName();
  return (
    <div className="drop-veil" aria-hidden>
      <p>{folder === null ? strings.upload.drop : strings.upload.dropInto(folder)}</p>
    </div>
  );
}
