import type { Folder } from "../../api/types";

export interface FolderNode {
  folder: Folder;
  children: FolderNode[];
}

/** The folders as a tree, in the order they came in. One whose parent is not among them stands at the top. */
export function folderTree(folders: readonly Folder[]): FolderNode[] {
  const nodes = new Map(folders.map((folder) => [folder.id, { folder, children: [] as FolderNode[] }]));
  const top: FolderNode[] = [];
  for (const node of nodes.values()) {
    const parent = node.folder.parent_id === null ? undefined : nodes.get(node.folder.parent_id);
    (parent?.children ?? top).push(node);
  }
  return top;
}

/** From the top down to the folder itself; empty where there is no such folder. */
export function folderPath(folders: readonly Folder[], id: string): Folder[] {
  const known = new Map(folders.map((folder) => [folder.id, folder]));
  const path: Folder[] = [];
  for (let at = known.get(id); at && !path.includes(at); at = known.get(at.parent_id ?? "")) path.unshift(at);
  return path;
}

export interface FolderChoice {
  id: string;
  path: string;
}

/** Every folder by its whole path, each after the one it lies in; without one of them and all that lies in it. */
export function folderChoices(folders: readonly Folder[], without?: string): FolderChoice[] {
  const walk = (nodes: FolderNode[], above: string): FolderChoice[] =>
    nodes.flatMap(({ folder, children }) => {
      if (folder.id === without) return [];
      const path = above === "" ? folder.name : `${above} / ${folder.name}`;
      return [{ id: folder.id, path }, ...walk(children, path)];
    });
  return walk(folderTree(folders), "");
}
