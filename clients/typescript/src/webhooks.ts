/** Messages of webhooks, checked as Standard Webhooks has it. */

import { Webhook, WebhookVerificationError } from "standardwebhooks";
import type { components } from "./schema.gen.js";

type Schemas = components["schemas"];
type EventOf<Kind extends string> = Extract<Schemas["WebhookEvent"], `${Kind}.${string}`>;

/** Something happened to a video. */
export type VideoMessage = Omit<Schemas["VideoWebhookMessage"], "type"> & { type: EventOf<"video"> };
/** Something happened to an image or a document. */
export type AssetMessage = Omit<Schemas["AssetWebhookMessage"], "type"> & { type: EventOf<"asset"> };
/** Somebody pressed the test button. */
export type TestMessage = Schemas["TestWebhookMessage"];
export type WebhookMessage = VideoMessage | AssetMessage | TestMessage;

/** A message is not from the server that has the secret, or is old. Answer with 400. */
export { WebhookVerificationError };

export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Checks and reads a message. `body` is what came, before anything parsed it. Of several secrets, as while one is being replaced, one has
 * to fit. A message may come more than once, always under the same `webhook-id`.
 *
 * @throws {WebhookVerificationError}
 */
export function verifyWebhook(secret: string | readonly string[], headers: WebhookHeaders, body: string): WebhookMessage {
  const secrets = typeof secret === "string" ? [secret] : secret;
  const given: Record<string, string> = {};
  for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) given[name] = header(headers, name);
  let refusal: unknown = new WebhookVerificationError("There is no secret to check the message with.");
  for (const one of secrets) {
    try {
      return new Webhook(one).verify(body, given) as WebhookMessage;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

function header(headers: WebhookHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : (headers as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : "";
}
