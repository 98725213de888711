import { describe, expect, it } from "vitest";
import { isDeclined, isKnownAlready, passkeyHindrance } from "./passkeys";

const page = { hostname: "memoreel.example", secure: true, supported: true };

describe("passkeys", () => {
  it("are there for a name that is reached safely by a browser that knows them", () => {
    expect(passkeyHindrance(page)).toBeNull();
    expect(passkeyHindrance({ ...page, hostname: "localhost" })).toBeNull();
  });

  it("are not there for a network address, however it is reached", () => {
    for (const hostname of ["127.0.0.1", "192.0.2.7", "[::1]"]) {
      expect(passkeyHindrance({ ...page, hostname, secure: false })).toBe("address");
    }
    expect(passkeyHindrance({ ...page, secure: false, supported: false })).toBe("insecure");
    expect(passkeyHindrance({ ...page, supported: false })).toBe("browser");
  });

  it("tell a person who changed their mind from a failure", () => {
    expect(isDeclined(new DOMException("", "NotAllowedError"))).toBe(true);
    expect(isDeclined(new DOMException("", "InvalidStateError"))).toBe(false);
    expect(isDeclined(new Error("no"))).toBe(false);
    expect(isKnownAlready(new DOMException("", "InvalidStateError"))).toBe(true);
  });
});
