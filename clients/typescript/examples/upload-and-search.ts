/**
 * Uploads a recording, waits until it is ready, and finds what was said in it:
 *
 *     npm run build
 *     MEMOREEL_URL=http://127.0.0.1:8080 MEMOREEL_API_KEY=mrl_… \
 *       node dist/examples/upload-and-search.js talk.mp4 "when did we decide about the budget"
 */

import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { MemoreelClient, ProblemError, ProcessingError } from "@memoreel/client";

const [file, query] = process.argv.slice(2);
const { MEMOREEL_URL: url, MEMOREEL_API_KEY: apiKey } = process.env;
if (file === undefined || query === undefined || url === undefined || apiKey === undefined) {
  throw new Error("MEMOREEL_URL and MEMOREEL_API_KEY have to be set, and a file and a question given.");
}

const client = new MemoreelClient({ url, apiKey });
try {
  const { videoId } = await client.upload(createReadStream(file), {
    filename: basename(file),
    onProgress: (sent, size) => process.stderr.write(`${sent} of ${size} bytes\n`),
  });
  await client.waitUntilReady(videoId, {
    onProgress: (video) => process.stderr.write(`${video.progress} % ${video.stage ?? ""}\n`),
  });
  const found = await client.search(query, { video_id: videoId });
  for (const hit of found.items) {
    const second = (hit.start_ms ?? 0) / 1000;
    process.stdout.write(`${Math.floor(second)} s: ${hit.text} ${client.videoLink(videoId, second)}\n`);
  }
} catch (error) {
  // A code for programs, and a sentence for people.
  if (!(error instanceof ProblemError || error instanceof ProcessingError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
