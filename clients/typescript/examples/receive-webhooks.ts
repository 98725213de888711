/**
 * Receives what a server tells, and believes nobody else:
 *
 *     npm run build
 *     WEBHOOK_SECRET=whsec_… PORT=3000 node dist/examples/receive-webhooks.js
 */

import { createServer } from "node:http";
import { verifyWebhook, WebhookVerificationError, type WebhookMessage } from "@memoreel/client";

const { WEBHOOK_SECRET: secret, PORT: port } = process.env;
if (secret === undefined || port === undefined) throw new Error("WEBHOOK_SECRET and PORT have to be set.");

const seen = new Set<string>(); // In a database, where there is one.
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    try {
      const message = verifyWebhook(secret, request.headers, body);
      response.writeHead(204).end();
      const id = String(request.headers["webhook-id"]);
      if (!seen.has(id)) process.stdout.write(`${told(message)}\n`);
      seen.add(id);
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      response.writeHead(400).end();
    }
  });
});
server.listen(Number(port), () => process.stdout.write("listening\n"));

function told(message: WebhookMessage): string {
  if (message.type === "webhook.test") return `${message.type} ${message.data.endpoint_id}`;
  if ("asset" in message.data) return `${message.type} ${message.data.asset.id} ${message.data.asset.filename}`;
  return `${message.type} ${message.data.video.id} ${message.data.video.title}`;
}
