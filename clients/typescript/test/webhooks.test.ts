import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { verifyWebhook, WebhookVerificationError } from "@memoreel/client";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const BODY = JSON.stringify({ type: "video.completed", timestamp: "2026-03-01T12:00:00Z", data: { video: { id: "1", title: "Größe" } } });

function signed(secret: string, body = BODY, at = new Date()): Record<string, string> {
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign("msg_1", at, body),
  };
}

test("a message that was signed with the secret is read", () => {
  const message = verifyWebhook(SECRET, signed(SECRET), BODY);
  assert.equal(message.type, "video.completed");
  if (message.type === "video.completed") assert.equal(message.data.video.title, "Größe");
  assert.equal(verifyWebhook(SECRET, new Headers(signed(SECRET)), BODY).type, "video.completed");
});

test("while a secret is being replaced, each of both fits", () => {
  assert.equal(verifyWebhook([OTHER, SECRET], signed(SECRET), BODY).type, "video.completed");
});

test("what was changed, is old, or comes from somebody else is refused", () => {
  const refused = [
    () => verifyWebhook(SECRET, signed(SECRET), BODY.replace("completed", "failed")),
    () => verifyWebhook(SECRET, signed(SECRET, BODY, new Date(Date.now() - 600_000)), BODY),
    () => verifyWebhook(SECRET, signed(OTHER), BODY),
    () => verifyWebhook(SECRET, {}, BODY),
    () => verifyWebhook([], signed(SECRET), BODY),
  ];
  for (const check of refused) assert.throws(check, WebhookVerificationError);
});
