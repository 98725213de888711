import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { preferences } from "../lib/preferences";
import { toasts } from "../lib/toasts";
import { setOrganization } from "./client";
import { adoptOrganization, meQuery } from "./me";
import { keys } from "./queries";
import type { Me } from "./types";

const mine = { id: "o1", name: "Robin", slug: "robin", role: "owner", is_personal: true, status: "active" } as const;
const me: Me = {
  user: { id: "u1", name: "Robin", email: "robin@example.org", email_verified: true, has_totp: false, created_at: "2026-01-01T00:00:00Z" },
  organization: mine,
  organizations: [mine],
  may: ["read_content", "edit_content"],
  erased_after: null,
};

let client: QueryClient;

beforeEach(() => {
  client = new QueryClient();
});

afterEach(() => {
  vi.unstubAllGlobals();
  adoptOrganization(client, null);
  client.clear();
  toasts.set(() => []);
});

function answer(reply: (organization: string | null) => Response) {
  const stub = vi.fn<typeof fetch>((_address, init) =>
    Promise.resolve(reply(new Headers(init?.headers).get("Memoreel-Organization"))),
  );
  vi.stubGlobal("fetch", stub);
  return stub;
}

describe("another organization", () => {
  it("is what later requests are about, also after a reload, and nothing of the one before is kept", () => {
    client.setQueryData(keys.videos, ["of the one before"]);
    client.setQueryData(keys.me, me);
    adoptOrganization(client, "o2");
    expect(preferences().organizationId).toBe("o2");
    expect(client.getQueryData(keys.videos)).toBeUndefined();
    expect(client.getQueryData(keys.me)).toBe(me);
  });

  it("that one has left gives way to the personal one", async () => {
    const stub = answer((organization) => (organization === null ? Response.json(me) : new Response("{}", { status: 404 })));
    adoptOrganization(client, "o2");
    expect(await client.query(meQuery)).toEqual(me);
    expect(stub).toHaveBeenCalledTimes(2);
    expect(preferences().organizationId).toBeNull();
    expect(toasts.get(), "what was never shown is not missed").toEqual([]);
  });

  it("that one is removed from is named when it gives way", async () => {
    answer((organization) => (organization === null ? Response.json(me) : new Response("{}", { status: 404 })));
    adoptOrganization(client, "o2");
    client.setQueryData(keys.me, { ...me, organization: { ...mine, id: "o2", name: "Field team", is_personal: false } });
    await client.query({ ...meQuery, staleTime: 0 });
    expect(toasts.get().map(({ text }) => text)).toEqual(["You are no longer a member of Field team"]);
  });

  it("that one is removed from is named although it is asked anew before the answer", async () => {
    let asked = 0;
    const stub = vi.fn<typeof fetch>((_address, init) => {
      if (new Headers(init?.headers).has("Memoreel-Organization")) return Promise.resolve(new Response("{}", { status: 404 }));
      asked += 1;
      return asked === 1 ? new Promise(() => undefined) : Promise.resolve(Response.json(me));
    });
    vi.stubGlobal("fetch", stub);
    adoptOrganization(client, "o2");
    client.setQueryData(keys.me, { ...me, organization: { ...mine, id: "o2", name: "Field team", is_personal: false } });
    void client.query({ ...meQuery, staleTime: 0 }).catch(() => undefined);
    await vi.waitFor(() => {
      expect(stub).toHaveBeenCalledTimes(2);
    });
    await client.cancelQueries({ queryKey: keys.me });
    await client.query({ ...meQuery, staleTime: 0 });
    expect(toasts.get().map(({ text }) => text)).toEqual(["You are no longer a member of Field team"]);
  });

  it("stays chosen while the server is away", async () => {
    answer(() => new Response("", { status: 502 }));
    adoptOrganization(client, "o2");
    await expect(client.query(meQuery)).rejects.toMatchObject({ status: 502 });
    expect(preferences().organizationId).toBe("o2");
  });

  it("is not guessed when there is no session", async () => {
    const stub = answer(() => new Response("", { status: 401 }));
    setOrganization(null);
    await expect(client.query(meQuery)).rejects.toMatchObject({ status: 401 });
    expect(stub).toHaveBeenCalledTimes(1);
  });
});
