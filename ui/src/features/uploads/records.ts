export type UploadKind = "video" | "image" | "document";

/** What must survive a reload for an upload to continue: a line in local storage and, where the browser allows, a handle on the file. */
export interface UploadRecord {
  key: string;
  filename: string;
  size_bytes: number;
  sent_bytes: number;
  modified_ms: number;
  /** Where the server keeps the received part; `null` until it has answered. */
  address: string | null;
  video_id: string | null;
  channel_id: string | null;
  /** What it becomes; absent from records of before there were images. */
  kind?: UploadKind;
  /** The asset it becomes, as far as that is known, and the folder it goes to. */
  asset_id?: string | null;
  folder_id?: string | null;
  /** The asset whose file it replaces. */
  replaces?: string;
  /** Where it goes, whatever organization is looked at meanwhile; `null` is the personal one. */
  organization_id: string | null;
  /** Whose it is: others who use this browser see nothing of it. */
  user_id: string | null;
  /** The tab that sends it, or did until it ended. */
  tab: string | null;
}

const STORAGE_KEY = "memoreel.uploads";
const DATABASE = "memoreel";
const HANDLES = "upload-handles";

export function readRecords(): UploadRecord[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    // Those of before they named a person are nobody's, and go with the next change.
    return Array.isArray(value) ? (value as Partial<UploadRecord>[]).filter(isWhole) : [];
  } catch {
    return [];
  }
}

function isWhole(record: Partial<UploadRecord>): record is UploadRecord {
  return record.user_id !== undefined && record.tab !== undefined;
}

function write(records: UploadRecord[]): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(records));
  } catch {
    // Without storage an upload still works, it only cannot continue after a reload.
  }
}

export function remember(record: UploadRecord, handle?: FileSystemFileHandle): void {
  const others = readRecords().filter((candidate) => candidate.key !== record.key);
  write([...others, record]);
  if (handle) void withHandles("readwrite", (store) => store.put(handle, record.key));
}

export function forget(key: string): void {
  write(readRecords().filter((record) => record.key !== key));
  void withHandles("readwrite", (store) => store.delete(key));
}

type PermissionHandle = FileSystemFileHandle & {
  requestPermission?: (options: { mode: "read" }) => Promise<PermissionState>;
};

/** The file behind an interrupted upload, if the browser kept a handle and the person allows reading it again. */
export async function storedFile(key: string): Promise<File | null> {
  const handle = (await withHandles("readonly", (store) => store.get(key))) as PermissionHandle | undefined;
  if (!handle) return null;
  try {
    if (handle.requestPermission && (await handle.requestPermission({ mode: "read" })) !== "granted") return null;
    return await handle.getFile();
  } catch {
    return null;
  }
}

function withHandles(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return new Promise((resolve) => {
    if (typeof indexedDB === "undefined") {
      resolve(undefined);
      return;
    }
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(HANDLES);
    opening.onerror = () => resolve(undefined);
    opening.onsuccess = () => {
      const database = opening.result;
      try {
        const request = act(database.transaction(HANDLES, mode).objectStore(HANDLES));
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve(undefined);
        request.transaction?.addEventListener("complete", () => database.close());
      } catch {
        database.close();
        resolve(undefined);
      }
    };
  });
}
