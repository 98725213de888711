import { describe, expect, it } from "vitest";
import { samePlace } from "./organization";

describe("in another organization", () => {
  it("one stays on the same kind of page, with the filters that mean the same there", () => {
    expect(samePlace("/settings/members", {})).toEqual({ to: "/settings/members", search: {} });
    expect(samePlace("/search", { q: "budget", mode: "keyword", channel: "c1", speaker: "s1" })).toEqual({
      to: "/search",
      search: { q: "budget", mode: "keyword" },
    });
  });

  it("one does not land on a recording that is not there", () => {
    expect(samePlace("/videos/v1", { t: 12 })).toEqual({ to: "/library", search: {} });
  });

  it("one does not land on a file, a webhook or in a folder that is not there", () => {
    expect(samePlace("/files/a1", {})).toEqual({ to: "/media", search: {} });
    expect(samePlace("/settings/webhooks/w1", { status: "failed" })).toEqual({ to: "/settings/webhooks", search: {} });
    expect(samePlace("/media", { folder: "f1", kind: "image" })).toEqual({ to: "/media", search: { kind: "image" } });
  });
});
