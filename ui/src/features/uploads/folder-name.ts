import { useQuery } from "@tanstack/react-query";
import { foldersQuery } from "../../api/media";
import { useStore } from "../../lib/store";
import { openFolder } from "./manager";

/** What the folder is called into which everything goes that is added now; null where there is none, or before that is known. */
export function useOpenFolderName(): string | null {
  const id = useStore(openFolder);
  const folders = useQuery({ ...foldersQuery, enabled: id !== null }).data?.items;
  return folders?.find((folder) => folder.id === id)?.name ?? null;
}
