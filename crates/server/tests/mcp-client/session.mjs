// One session of an assistant with the official SDK: connects, lists the tools, calls some, and prints what came back as JSON.
// How, and which: the first argument, as { transport, calls }.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { transport: wanted, calls } = JSON.parse(process.argv[2]);
const client = new Client({ name: "memoreel-tests", version: "1.0.0" });
const transport = wanted.url
  ? new StreamableHTTPClientTransport(new URL(wanted.url), {
      requestInit: { headers: wanted.key ? { Authorization: `Bearer ${wanted.key}` } : {} },
    })
  : new StdioClientTransport(wanted);

const refused = (error) => ({ refused: error.message, code: error.code ?? null });

async function call({ name, arguments: given }) {
  const progress = [];
  try {
    const result = await client.callTool({ name, arguments: given }, undefined, { onprogress: (told) => progress.push(told) });
    return { ...result, progress };
  } catch (error) {
    return refused(error);
  }
}

const told = {};
try {
  await client.connect(transport);
  told.server = client.getServerVersion();
  told.instructions = client.getInstructions();
  // From here on the SDK holds answers against the forms that the tools told of.
  told.tools = (await client.listTools()).tools;
  told.results = [];
  for (const one of calls) told.results.push(await call(one));
} catch (error) {
  Object.assign(told, refused(error));
}
await client.close();
process.stdout.write(JSON.stringify(told));
