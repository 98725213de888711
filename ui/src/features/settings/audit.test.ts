import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../api/types";
import { sentence } from "./AuditPage";

const ada = { kind: "session", id: "u1", name: "Ada" };

function entry(changes: Partial<AuditEntry>): AuditEntry {
  return {
    id: "a1",
    occurred_at: "2026-11-26T12:00:00Z",
    actor: ada,
    action: "video.updated",
    target_kind: "video",
    target_id: "v1",
    label: "Harbour",
    old: {},
    new: {},
    address: null,
    user_agent: null,
    request_id: null,
    seq: null,
    hash: null,
    is_erased: false,
    ...changes,
  };
}

describe("an entry of the audit log", () => {
  it("says who did what to what", () => {
    expect(sentence(entry({}))).toBe("Ada changed the video “Harbour”");
    expect(sentence(entry({ action: "channel.deleted", target_kind: "channel", label: null }))).toBe("Ada deleted the channel");
    expect(sentence(entry({ action: "session.created", target_kind: "session" }))).toBe("Ada signed in");
  });

  it("names what has no label by the values that changed, where its name is among them", () => {
    const file = { target_kind: "asset", label: null } as const;
    const named = (values: Record<string, string>): AuditEntry["new"] => values;
    expect(sentence(entry({ ...file, action: "asset.created", new: named({ filename: "quay.png" }) }))).toBe("Ada added the file “quay.png”");
    expect(sentence(entry({ ...file, action: "asset.deleted", old: named({ filename: "quay.png" }) }))).toBe("Ada deleted the file “quay.png”");
    expect(sentence(entry({ ...file, action: "asset.restored", old: named({ deleted_at: "2026-11-26T12:00:00Z" }) }))).toBe("Ada restored the file");
    const domain = { target_kind: "domain", label: null, action: "domain.created", new: named({ domain: "example.org" }) };
    expect(sentence(entry(domain))).toBe("Ada added the domain “example.org”");
    const endpoint = { target_kind: "webhook_endpoint", label: null, action: "webhook_endpoint.deleted", old: named({ url: "https://a.example/" }) };
    expect(sentence(entry(endpoint))).toBe("Ada deleted the webhook endpoint “https://a.example/”");
  });

  it("says what was asked of the background", () => {
    const asked = (action: string, values: Record<string, unknown>): string =>
      sentence(entry({ action, target_kind: action.split(".")[0] ?? "", label: null, new: values }));
    expect(asked("asset.encode_wanted", { filename: "quay.mp4" })).toBe("Ada asked for another encoding of the file “quay.mp4”");
    expect(asked("asset.sound_wanted", { filename: "quay.mp4" })).toBe("Ada asked for a sound file of the file “quay.mp4”");
    expect(asked("asset.reread_wanted", { filename: "quay.pdf" })).toBe("Ada asked for another reading of the file “quay.pdf”");
    expect(asked("task.cancelled", { kind: "encode" })).toBe("Ada stopped the task “Encoding”");
    expect(asked("task.retried", { kind: "of_another_version" })).toBe("Ada retried the task “of_another_version”");
    expect(asked("task.prioritised", { kind: "store", priority: 7 })).toBe("Ada changed the priority of the task “Storing”");
    expect(asked("webhook_delivery.replayed", { event: "video.changed" })).toBe("Ada sent again the delivery “video.changed”");
    expect(asked("webhook_endpoint.replayed", { url: "https://a.example/" })).toBe(
      "Ada had messages sent again to the webhook endpoint “https://a.example/”",
    );
  });

  it("tells programs, former members and the server apart", () => {
    expect(sentence(entry({ actor: { ...ada, kind: "api_key" } }))).toMatch(/^Ada, by API key changed/u);
    expect(sentence(entry({ actor: { ...ada, name: null } }))).toMatch(/^A former member changed/u);
    expect(sentence(entry({ actor: { kind: "system", id: null, name: null } }))).toMatch(/^The server changed/u);
  });

  it("still says something of what it does not know", () => {
    expect(sentence(entry({ action: "clip.rendered", target_kind: "clip" }))).toBe("Ada rendered clip “Harbour”");
  });
});
