import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { MemoreelClient, ProblemError } from "@memoreel/client";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of tus that a test decides about. */
async function serve(handle: Handler): Promise<MemoreelClient> {
  const server = createServer(handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return new MemoreelClient({ url: `http://127.0.0.1:${port}`, apiKey: "mrl_x" });
}

const HEADERS = { "Tus-Resumable": "1.0.0", "Memoreel-Video-Id": "v1" };

test("an upload whose connection breaks goes on from what has arrived", async () => {
  const arrived: Buffer[] = [];
  let breaks = 1;
  const client = await serve((request, response) => {
    assert.equal(request.headers.authorization, "Bearer mrl_x");
    const offset = String(Buffer.concat(arrived).length);
    if (request.method === "POST") {
      const metadata = String(request.headers["upload-metadata"]).split(",");
      assert.ok(metadata.includes(`filename ${Buffer.from("Größe.mp4").toString("base64")}`), metadata.join());
      response.writeHead(201, { ...HEADERS, Location: "/api/v1/uploads/1", "Upload-Offset": "0" }).end();
    } else if (request.method === "HEAD") {
      response.writeHead(200, { ...HEADERS, "Upload-Offset": offset, "Upload-Length": "100000" }).end();
    } else {
      assert.equal(request.headers["upload-offset"], offset);
      request.on("data", (chunk: Buffer) => {
        arrived.push(chunk);
        if (breaks-- > 0) request.socket.destroy();
      });
      request.on("end", () => {
        response.writeHead(204, { ...HEADERS, "Upload-Offset": String(Buffer.concat(arrived).length) }).end();
      });
    }
  });
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  let address = "";
  const uploaded = await client.upload(content, {
    filename: "Größe.mp4",
    retryDelaysMs: [1, 1],
    onAddress: (told) => (address = told),
  });
  assert.equal(uploaded.videoId, "v1");
  assert.ok(uploaded.address.endsWith("/api/v1/uploads/1"));
  assert.equal(address, uploaded.address);
  assert.ok(arrived.length > 1);
  assert.ok(Buffer.concat(arrived).equals(content));
});

test("an upload that stood still for too long goes on from what has arrived", async () => {
  const offsets: string[] = [];
  const client = await serve((request, response) => {
    request.resume();
    if (request.method === "POST") {
      response.writeHead(201, { ...HEADERS, Location: "/api/v1/uploads/1", "Upload-Offset": "0" }).end();
    } else if (request.method === "HEAD") {
      response.writeHead(200, { ...HEADERS, "Upload-Offset": "2", "Upload-Length": "5" }).end();
    } else {
      offsets.push(String(request.headers["upload-offset"]));
      request.on("end", () => {
        if (offsets.length > 1) response.writeHead(204, { ...HEADERS, "Upload-Offset": "5" }).end();
        else response.writeHead(408, HEADERS).end();
      });
    }
  });
  await client.upload(Buffer.from("waves"), { filename: "x.mp4", retryDelaysMs: [1, 1] });
  assert.deepEqual(offsets, ["0", "2"]);
});

test("an upload leaves a server alone for as long as it asks for, once", async () => {
  const asked: number[] = [];
  const client = await serve((request, response) => {
    request.resume();
    if (request.method === "POST") {
      asked.push(Date.now());
      if (asked.length === 1) response.writeHead(429, { "Retry-After": "1" }).end();
      else if (asked.length === 2) response.writeHead(503).end();
      else response.writeHead(201, { ...HEADERS, Location: "/api/v1/uploads/1", "Upload-Offset": "0" }).end();
    } else {
      request.on("end", () => response.writeHead(204, { ...HEADERS, "Upload-Offset": "5" }).end());
    }
  });
  await client.upload(Buffer.from("waves"), { filename: "x.mp4", retryDelaysMs: [1, 1] });
  const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  assert.equal(pauses.length, 2);
  assert.ok((pauses[0] ?? 0) >= 900 && (pauses[1] ?? 0) < 900, pauses.join());
});

test("an upload that is refused is not tried again and says why", async () => {
  let requests = 0;
  const client = await serve((request, response) => {
    requests += 1;
    request.resume();
    const problem = { type: "/x", title: "Forbidden", status: 403, code: "forbidden", detail: "Your role does not allow this." };
    response.writeHead(403, { "Content-Type": "application/problem+json" }).end(JSON.stringify(problem));
  });
  const error = await client.upload(Buffer.from("x"), { filename: "x.png", kind: "image" }).catch((caught: unknown) => caught);
  assert.ok(error instanceof ProblemError, String(error));
  assert.deepEqual([error.code, requests], ["forbidden", 1]);
});

test("an upload can be called off", async () => {
  const client = await serve((request) => {
    request.resume();
  });
  const controller = new AbortController();
  const uploading = client.upload(Buffer.from("x"), { filename: "x.mp4", signal: controller.signal });
  setTimeout(() => {
    controller.abort();
  }, 20);
  await assert.rejects(uploading, { name: "AbortError" });
});
