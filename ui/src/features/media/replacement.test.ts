import { describe, expect, it } from "vitest";
import { replacedAs } from "./replacement";

describe("the file that replaces another", () => {
  it("is of the same kind", () => {
    expect(replacedAs({ kind: "image", status: "ready", video_id: null })).toBe("image");
    expect(replacedAs({ kind: "document", status: "failed", video_id: null })).toBe("document");
    expect(replacedAs({ kind: "video", status: "ready", video_id: "v1" })).toBe("video");
    expect(replacedAs({ kind: "audio", status: "ready", video_id: "v1" })).toBe("video");
  });

  it("is a recording where one was never stored, of which no kind is known", () => {
    expect(replacedAs({ kind: null, status: "failed", video_id: "v1" })).toBe("video");
    expect(replacedAs({ kind: null, status: "failed", video_id: null })).toBeNull();
    expect(replacedAs({ kind: null, status: "ready", video_id: "v1" })).toBeNull();
  });

  it("waits until the first was looked at, and is none of a sound without a recording", () => {
    expect(replacedAs({ kind: null, status: "pending", video_id: "v1" })).toBeNull();
    expect(replacedAs({ kind: "video", status: "pending", video_id: "v1" })).toBeNull();
    expect(replacedAs({ kind: "audio", status: "ready", video_id: null })).toBeNull();
  });
});
