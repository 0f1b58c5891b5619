import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";

import { takeEnvironment } from "../../bin/environment.js";
import { defineCommand } from "../../cli/command/define.ts";
import { messageOf } from "../../src/base/errors.ts";

/** Code of JSON-RPC for a failure that is not the request's. */
const SERVER_ERROR = -32_000;

/** `isolate mcp`: passes messages of MCP from standard input to a running server, and back. */
export const mcp = defineCommand({
  meta: { name: "mcp", description: "Offers a server's tools to a client that starts programs" },
  args: {
    url: { type: "string", description: "URL of the server", default: "http://localhost:8787" },
  },
  async run({ args }) {
    const url = new URL(args.url);
    if (!url.pathname.endsWith("/mcp")) url.pathname = `${url.pathname.replace(/\/$/, "")}/mcp`;
    const { ISOLATE_KEY: key } = takeEnvironment();
    const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
    const server = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
    const client = new StdioServerTransport();
    const tell = (error: unknown): void => console.error(messageOf(error));
    server.onmessage = (message) => {
      // The transport sends the version with all later requests.
      const { protocolVersion } = (("result" in message && message.result) || {}) as {
        protocolVersion?: unknown;
      };
      if (typeof protocolVersion === "string") server.setProtocolVersion(protocolVersion);
      client.send(message).catch(tell);
    };
    client.onmessage = (message) => {
      server.send(message).catch((error: unknown) => {
        tell(error);
        const answer = failureOf(message, error);
        if (answer !== undefined) client.send(answer).catch(tell);
      });
    };
    server.onerror = tell;
    client.onerror = tell;
    // Closing the connections ends what still runs.
    process.stdin.once("end", () => void server.close().finally(() => client.close()));
    await server.start();
    await client.start();
  },
});

/** Answers a request that the server has refused, or that did not reach it. */
function failureOf(message: JSONRPCMessage, error: unknown): JSONRPCMessage | undefined {
  if (!("method" in message && "id" in message)) return undefined;
  const text = messageOf(error);
  return { jsonrpc: "2.0", id: message.id, error: { code: SERVER_ERROR, message: text } };
}
