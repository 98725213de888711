import { expect, type Page } from "@playwright/test";
import { createHmac } from "node:crypto";

/** What an authenticator app shows for a secret in base 32 (RFC 6238), now or so many steps of half a minute later. */
export function codeOf(secret: string, steps = 0): string {
  const bits = Array.from(secret, (letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/gu) ?? [];
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))).update(step).digest();
  const offset = mac.readUInt8(mac.length - 1) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A device that holds passkeys and checks who is there, in Chromium's own software. Whoever is asked agrees at once. */
export async function addDevice(page: Page): Promise<{ passkeys: () => Promise<number>; remove: () => Promise<void> }> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    passkeys: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length,
    remove: async () => {
      await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
    },
  };
}

/** Sets an authenticator app up for whoever is signed in and returns the recovery codes. */
export async function setUpAuthenticator(page: Page): Promise<string[]> {
  const headers = { "X-Memoreel-Request": "1" };
  const begun = await page.request.post("/api/v1/me/totp", { headers, data: {} });
  expect(begun.status(), await begun.text()).toBe(201);
  const { secret } = (await begun.json()) as { secret: string };
  const confirmed = await page.request.post("/api/v1/me/totp/confirm", { headers, data: { code: codeOf(secret) } });
  expect(confirmed.status(), await confirmed.text()).toBe(200);
  return ((await confirmed.json()) as { recovery_codes: string[] }).recovery_codes;
}
