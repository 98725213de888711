import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setOrganization } from "../../api/client";
import { addFiles, cancelUpload, continueWith, kindOfFile, openFolder, setUploader, Speed, syncUploads, uploads } from "./manager";
import { chooseAction, dismissToast, toasts } from "../../lib/toasts";
import { forget, readRecords, remember, type UploadRecord } from "./records";
import { announceTab, TAB } from "./tabs";

const record: UploadRecord = {
  key: "k1",
  filename: "call.mp4",
  size_bytes: 4,
  sent_bytes: 2,
  modified_ms: 0,
  address: "/api/v1/uploads/u1",
  video_id: "v1",
  channel_id: null,
  organization_id: null,
  user_id: "u1",
  tab: null,
};

beforeEach(() => {
  setUploader(null);
  localStorage.clear();
  sessionStorage.clear();
  setUploader("u1");
});

describe("an interrupted upload", () => {
  it("is shown after a reload with what the server already has", () => {
    remember(record);
    syncUploads();
    expect(uploads.get()).toMatchObject([{ key: "k1", state: "needs-file", sent_bytes: 2, video_id: "v1" }]);
  });

  it("does not continue with another file", () => {
    remember(record);
    syncUploads();
    expect(continueWith("k1", new File(["longer than four"], "call.mp4"))).toBe(false);
    expect(uploads.get()[0]?.state).toBe("needs-file");
  });

  it("does not continue from another organization", () => {
    remember({ ...record, organization_id: "o1" });
    syncUploads();
    addFiles([{ file: new File(["1234"], "call.mp4", { type: "video/mp4" }) }]);
    expect(uploads.get().map((entry) => entry.organization_id)).toEqual(["o1", null]);
    expect(uploads.get()[0]?.state).toBe("needs-file");
  });

  it("continues under the same entry when the same file is chosen anywhere", () => {
    remember(record);
    syncUploads();
    addFiles([{ file: new File(["1234"], "call.mp4", { type: "video/mp4" }) }]);
    expect(uploads.get()).toHaveLength(1);
    expect(uploads.get()[0]?.state).not.toBe("needs-file");
  });

  it("is forgotten once it is done", () => {
    remember(record);
    forget("k1");
    expect(readRecords()).toEqual([]);
  });
});

describe("a cancelled upload", () => {
  const removed = vi.fn((_address: string, _init: RequestInit) => Promise.resolve(new Response(null, { status: 204 })));
  const offer = (): number => toasts.get().at(-1)?.id ?? 0;

  beforeEach(() => {
    removed.mockClear();
    vi.stubGlobal("fetch", removed);
    remember(record);
    syncUploads();
    cancelUpload("k1");
    syncUploads();
    expect(uploads.get()).toEqual([]);
    expect(removed).not.toHaveBeenCalled();
  });

  afterEach(() => vi.unstubAllGlobals());

  it("is there again when that is taken back", () => {
    const id = offer();
    chooseAction(id);
    dismissToast(id);
    expect(uploads.get()).toMatchObject([{ key: "k1", state: "needs-file", sent_bytes: 2 }]);
    expect(removed).not.toHaveBeenCalled();
  });

  it("is deleted on the server once it can no longer be taken back", () => {
    dismissToast(offer());
    expect(removed.mock.calls.map(([address, init]) => `${init.method} ${address}`)).toEqual(["DELETE /api/v1/uploads/u1"]);
    expect(readRecords()).toEqual([]);
  });

  it("is deleted on the server when the page ends before that", () => {
    window.dispatchEvent(new Event("pagehide"));
    expect(removed).toHaveBeenCalledOnce();
  });
});

describe("whoever uses the browser next", () => {
  const file = new File(["1234"], "call.mp4", { type: "video/mp4" });

  it("sees and continues nothing of the one before", () => {
    remember(record);
    syncUploads();
    setUploader("u2");
    expect(uploads.get()).toEqual([]);
    addFiles([{ file }]);
    expect(uploads.get()).toMatchObject([{ sent_bytes: 0, video_id: null }]);
    expect(readRecords()).toMatchObject([{ key: "k1", user_id: "u1" }, { user_id: "u2" }]);
  });

  it("finds stopped what ran, which its owner can go on with", () => {
    addFiles([{ file }]);
    const [sent] = uploads.get();
    setUploader(null);
    expect(uploads.get()).toEqual([]);
    setUploader("u1");
    expect(uploads.get()).toMatchObject([{ key: sent?.key, state: "needs-file" }]);
  });
});

describe("another tab", () => {
  const open = (tab: string): void => localStorage.setItem(`memoreel.tab.${tab}`, String(Date.now()));

  it("that is open keeps what it sends to itself", () => {
    open("t2");
    remember({ ...record, tab: "t2" });
    syncUploads();
    expect(uploads.get()).toEqual([]);
  });

  it("that ended leaves what it sent to be continued", () => {
    localStorage.setItem("memoreel.tab.t2", String(Date.now() - 600_000));
    remember({ ...record, tab: "t2" });
    remember({ ...record, key: "k2", tab: "t3" });
    syncUploads();
    expect(uploads.get().map((entry) => entry.key)).toEqual(["k1", "k2"]);
  });

  it("that continues an interrupted upload takes it over", () => {
    remember(record);
    syncUploads();
    open("t2");
    remember({ ...record, tab: "t2" });
    syncUploads();
    expect(uploads.get()).toEqual([]);
    expect(readRecords()).toHaveLength(1);
  });

  it("learns that this one is open until it goes", () => {
    const leave = announceTab(() => undefined);
    expect(localStorage.getItem(`memoreel.tab.${TAB}`)).not.toBeNull();
    leave();
    expect(localStorage.getItem(`memoreel.tab.${TAB}`)).toBeNull();
  });
});

describe("a chosen file", () => {
  it("is taken by its name where the system knows no type for it", () => {
    expect(kindOfFile(new File([], "talk.mkv"))).toBe("video");
    expect(kindOfFile(new File([], "talk", { type: "audio/mpeg" }))).toBe("video");
    expect(kindOfFile(new File([], "notes.pdf", { type: "application/pdf" }))).toBe("document");
    expect(kindOfFile(new File([], "README.md"))).toBe("document");
    expect(kindOfFile(new File([], "sheet.xlsx"))).toBeNull();
  });
});

describe("an image", () => {
  const photo = new File(["x"], "IMG_1.HEIC");

  afterEach(() => openFolder.set(null));

  it("is known by its name or its type, and a drawing is none", () => {
    expect(kindOfFile(photo)).toBe("image");
    expect(kindOfFile(new File([], "shot", { type: "image/png" }))).toBe("image");
    expect(kindOfFile(new File([], "logo.svg", { type: "image/svg+xml" }))).toBeNull();
  });

  it("goes to the folder that is open when it is chosen", () => {
    openFolder.set("f1");
    addFiles([{ file: photo }]);
    openFolder.set("f2");
    expect(readRecords()).toMatchObject([{ kind: "image", folder_id: "f1" }]);
    expect(uploads.get()).toMatchObject([{ kind: "image", asset_id: null }]);
  });
});

describe("upload speed", () => {
  it("is that of the last seconds, not of the whole upload", () => {
    const speed = new Speed();
    for (let second = 0; second <= 20; second += 1) speed.measure(second * 1_000_000, second * 1000);
    let last = 0;
    for (let second = 21; second <= 40; second += 1) last = speed.measure(20_000_000 + (second - 20) * 100_000, second * 1000);
    expect(last).toBeCloseTo(100_000, -3);
  });
});

describe("a transcript", () => {
  const captions = new File(["WEBVTT\n"], "Weekly_call.vtt", { type: "text/vtt" });
  const answer = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });

  afterEach(() => {
    vi.unstubAllGlobals();
    setOrganization(null);
  });

  it("becomes a video of its own and is received in one piece", async () => {
    const fetched = vi.fn((_address: string, _init: RequestInit) => Promise.resolve(answer(201, { id: "v7" })));
    vi.stubGlobal("fetch", fetched);
    addFiles([{ file: captions }]);
    await vi.waitFor(() => expect(uploads.get()).toMatchObject([{ state: "received", video_id: "v7" }]));
    expect(fetched.mock.calls.map(([address, init]) => `${init.method} ${address}`)).toEqual([
      "POST /api/v1/videos",
      "PUT /api/v1/videos/v7/captions",
    ]);
    expect(fetched.mock.calls[0]?.[1].body).toContain("Weekly call");
  });

  it("goes to the organization in which it was chosen, whichever is looked at meanwhile", async () => {
    const fetched = vi.fn((_address: string, _init: RequestInit) => {
      setOrganization("o2");
      return Promise.resolve(answer(201, { id: "v9" }));
    });
    vi.stubGlobal("fetch", fetched);
    setOrganization("o1");
    addFiles([{ file: captions }]);
    await vi.waitFor(() => expect(uploads.get()).toMatchObject([{ state: "received", organization_id: "o1" }]));
    const asked = fetched.mock.calls.map(([, init]) => new Headers(init.headers).get("Memoreel-Organization"));
    expect(asked).toEqual(["o1", "o1"]);
  });

  it("leaves no video behind when the server cannot read it", async () => {
    const fetched = vi.fn((_address: string, init: RequestInit) =>
      Promise.resolve(
        init.method === "PUT"
          ? answer(422, { title: "Captions", code: "captions_invalid", detail: "Line 3" })
          : answer(200, { id: "v8" }),
      ),
    );
    vi.stubGlobal("fetch", fetched);
    addFiles([{ file: captions }]);
    await vi.waitFor(() => expect(uploads.get()).toMatchObject([{ state: "failed", problem: { detail: "Line 3" } }]));
    expect(fetched.mock.calls.at(-1)?.[1].method).toBe("DELETE");
  });
});
