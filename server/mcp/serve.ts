import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { BadRequest } from "../../src/base/errors.ts";
import { rpcError } from "../errors/mcp-problem.ts";
import { problemResponse } from "../errors/problem.ts";
import type { RouteInput } from "../http/route.ts";
import { EVENT_STREAM_HEADERS } from "../replies/event-stream.ts";
import { wantsEvents } from "../replies/wanted-mode.ts";
import type { Cancels } from "./cancels.ts";
import { CountedBody } from "./counted-body.ts";
import type { Message } from "./messages.ts";
import { rpcServer, type Tools } from "./rpc-server.ts";

/** Part of a route's input that is used here. */
export type McpInput = Pick<
  RouteInput<unknown, unknown, unknown, unknown, "tenant">,
  "caller" | "signal" | "requestId" | "c" | "hold" | "onWaiting" | "reserve"
>;

export interface ServeOptions {
  readonly version: string;
  readonly tools: Tools;
  readonly cancels: Cancels;
  readonly session: string | undefined;
  readonly onError: (error: unknown, requestId: string) => void;
}

/**
 * Answers the messages of one request, by a server and a transport of their own. So any server of a
 * store answers any request.
 */
export async function serve(
  messages: readonly Message[],
  input: McpInput,
  { version, tools, cancels, session, onError }: ServeOptions,
): Promise<Response> {
  const { caller, requestId, c } = input;
  const { headers } = c.req.raw;
  const isStreamed = wantsEvents(headers.get("accept"));
  const left = new AbortController();
  let body: CountedBody | undefined;
  let reserved = 0;
  const server = rpcServer({
    ...{ caller, requestId, version, tools, session, cancels, hold: input.hold },
    hangUp: AbortSignal.any([input.signal, left.signal]),
    hasRoom: () => body?.hasRoom ?? false,
    reserve: (bytes) => {
      reserved += bytes;
      input.reserve(reserved);
    },
    errorOf: async (thrown) => {
      const response = problemResponse(thrown, requestId, rpcError);
      const { status } = response;
      if (status >= 500) onError(thrown, requestId);
      if (status === 499) return { status, error: CANCELLED };
      const error = await response.json();
      const after = response.headers.get("retry-after");
      const more = { status, ...(after !== null && { retryAfter: Number(after) }) };
      return { status, error: { ...error, data: { ...error.data, ...more } } };
    },
  });
  // No option names a session: the transport answers one request only.
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: !isStreamed,
  });
  await server.connect(transport as Parameters<typeof server.connect>[0]);
  const parsedBody = messages.length === 1 ? messages[0] : messages;
  const answering = transport.handleRequest(requestOf(headers), { parsedBody });
  if (!isStreamed) input.hold(answering);
  const response = await answering;
  if (response.status >= 400) {
    await server.close();
    const { error } = await response.json();
    throw new BadRequest("", String(error?.message));
  }
  if (!isStreamed || response.body === null) {
    const text = await response.text();
    await server.close();
    return new Response(text || null, {
      status: response.status,
      headers: text === "" ? {} : { "Content-Type": "application/json" },
    });
  }
  const counted = new CountedBody(response.body, () => left.abort());
  body = counted;
  input.onWaiting(() => counted.waiting);
  const ended = counted.ended.then(() => server.close());
  input.hold(ended);
  return new Response(counted.body, { headers: EVENT_STREAM_HEADERS });
}

/** Error of a call that its client no longer waits for. */
const CANCELLED = { code: -32_800, message: "Request cancelled", data: {} };

/**
 * Makes the request for the transport. What the transport checks of headers, this server has checked,
 * but for the version.
 */
function requestOf(given: Headers): Request {
  const version = given.get("mcp-protocol-version");
  const headers = {
    Accept: "application/json, text/event-stream",
    "Content-Type": "application/json",
    ...(version !== null && { "MCP-Protocol-Version": version }),
  };
  return new Request("http://localhost/mcp", { method: "POST", headers });
}
