import type { OutgoingHttpHeaders } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type HeaderList, type HttpJob, UPGRADED } from "../../../src/protocol/http.ts";
import type { Output } from "../../../src/request/types.ts";
import { HttpProblem, problemResponse } from "../../errors/problem.ts";
import type { Bodies } from "../../http/body/bodies.ts";
import type { Hold } from "../../http/body/budget.ts";
import { bodyOf } from "../../http/body/source.ts";
import { upgradeOf } from "../../http/connections/upgrades.ts";
import { corsHeaders } from "../../http/cors.ts";
import type { Hosted } from "../../http/hosted-name.ts";
import { ownUrl } from "../../http/own-url.ts";
import type { RouteInput } from "../../http/route.ts";
import { executionId } from "../../runs/execution-id.ts";
import type { Runs } from "../../runs/runs.ts";
import type { Auth, Caller } from "../../tenants/auth.ts";
import { requestOf } from "../catalogue.ts";
import { corsOf, seesRoot } from "../kept-request.ts";
import type { Callable } from "../version-cache.ts";
import { ClientSocket, hangUpLater } from "./client-socket.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { forwardedHeaders, hostMountOf, type Mount, mountOf } from "./mount.ts";
import { ResponseStream } from "./response-stream.ts";

export interface HttpCall {
  readonly caller: Caller;
  readonly version: Callable;
  readonly input: Pick<
    RouteInput<unknown, unknown, unknown, unknown, "none">,
    "signal" | "requestId" | "c" | "onWaiting"
  >;
  /**
   * True if the function gets the request's `Authorization`, unless it contains a key of this
   * server.
   */
  readonly passesKey: boolean;
  /** True if the request has no key of the function's tenant. */
  readonly isAnonymous: boolean;
  /** Identifies the caller once more, after its body has arrived. */
  readonly again: () => Promise<Caller>;
  /** Host of the tenant's own that the request is for. Default: the path says all. */
  readonly hosted?: Hosted | undefined;
}

export interface ServeOptions {
  readonly runs: Runs;
  readonly auth: Pick<Auth, "holdsKey">;
  readonly withBytes: Bodies["withBytes"];
  /** Public URL of this server. Default: the one of each request. */
  readonly publicUrl: string | undefined;
  /** Most bytes of a response. */
  readonly maxBytes: number;
}

/** Headers of the connection that code gets if it may upgrade that. */
const UPGRADE_HEADERS: HeaderList = [
  ["connection", "Upgrade"],
  ["upgrade", "websocket"],
];
/** Methods whose requests may have a body. */
const WITH_BODY: readonly string[] = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const MAX_REASON = 1_000;
/** Name of the fault of a `Response` that was sent or read before. `Deno.serve` answers 500, too. */
const USED = "ResponseUsedError";
const REQUEST_ID = "X-Request-Id";
const EXECUTION_ID = "X-Execution-Id";

/** Answers a request by a function. Rejects for refusals before its code is called. */
export function serveCall(call: HttpCall, options: ServeOptions): Promise<Response> {
  const { raw } = call.input.c.req;
  if (!WITH_BODY.includes(raw.method)) {
    // An unread body would stay in memory, with some hundred bytes for each chunk.
    (call.input.c.env as Partial<HttpBindings> | undefined)?.incoming?.resume();
    return answer(call, options, undefined, () => {});
  }
  const { caller, isAnonymous } = call;
  return options.withBytes(
    bodyOf(call.input.c),
    async (body, hold) => {
      // The key may have been revoked, or the tenant suspended, while a slow body arrived.
      const now = { ...call, caller: await call.again() };
      return answer(now, options, body.length > 0 ? body : undefined, hold);
    },
    { caller, isAnonymous },
  );
}

async function answer(
  call: HttpCall,
  options: ServeOptions,
  body: Uint8Array | undefined,
  hold: Hold,
): Promise<Response> {
  const { caller, version, input, isAnonymous } = call;
  const { name } = version;
  const id = executionId();
  const { incoming, outgoing } = (input.c.env ?? {}) as Partial<HttpBindings>;
  const upgrade = upgradeOf(incoming);
  const mount = placeOf(call, options.publicUrl);
  const hangUp = new AbortController();
  const request = toJob(
    call,
    mount,
    { length: body?.length, isUpgrade: upgrade !== undefined },
    options,
  );
  const { maxBytes } = options;
  const onGone = (): void => hangUpLater(hangUp);
  const socket = upgrade && new ClientSocket({ upgrade, maxBytes, onGone });
  // Only with a connection: an error of the stream would be logged each time.
  const cut = outgoing && ((): void => void outgoing.destroy());
  const stream = new ResponseStream(request.method, () => hangUp.abort(), cut);
  // A client that has the whole response leaves what code does afterwards alone.
  const onLeft = (): void => {
    if (!stream.isOver && !socket?.isAccepted) hangUp.abort();
  };
  if (input.signal.aborted) hangUp.abort();
  input.signal.addEventListener("abort", onLeft, { once: true });
  input.onWaiting(() => stream.waiting + (socket?.waiting ?? 0));
  const run = options.runs.run({
    id,
    caller,
    isAnonymous,
    via: "http",
    requestId: input.requestId,
    function: { name, version: version.version },
    signal: hangUp.signal,
    request: requestOf(version),
    isBundle: version.isBundle,
    exchange: {
      request,
      body,
      onHead: (head) => stream.onHead(head),
      onChunk: (bytes) => stream.onChunk(bytes),
      onEnd: () => stream.onEnd(),
      socket,
    },
  });
  // The response begins long before its end. The request's body stays in memory until then.
  hold(run);
  const first = await Promise.race([
    stream.head.then((head) => ({ head })),
    run.then(({ output }) => ({ output })),
  ]);
  if ("output" in first) return failed(first.output, id, call);
  const rules = corsOf(version);
  const cors = rules && corsHeaders(rules, input.c.req.raw);
  const headers = responseHeaders(first.head, mount, { cors });
  headers.set(EXECUTION_ID, id);
  if (socket && incoming && first.head.status === UPGRADED) {
    headers.set(REQUEST_ID, input.requestId);
    socket.endWith(run);
    socket.accept(incoming, headers);
    input.c.set("isUpgraded", true);
    return RESPONSE_ALREADY_SENT;
  }
  run.then(
    ({ output }) => (output.ok ? stream.end() : stream.fail()),
    () => stream.fail(),
  );
  if (outgoing && !headers.has("content-type")) withoutType(outgoing);
  if (outgoing && !isAscii(headers)) withBody(outgoing);
  return new Response(stream.body, { status: first.head.status, headers });
}

function placeOf({ version, input, hosted }: HttpCall, publicUrl: string | undefined): Mount {
  const asked = ownUrl(input.c);
  const isRoot = seesRoot(version);
  return hosted === undefined
    ? mountOf(version, asked, publicUrl, isRoot)
    : hostMountOf(version, hosted, { asked, publicUrl }, isRoot);
}

/**
 * Makes the answer to a request without a response. Only the function's own tenant gets the code's
 * error.
 */
function failed({ outcome, logs }: Output, id: string, { version, input }: HttpCall): Response {
  const late = outcome === "timeout";
  const fault = logs?.findLast(({ level }) => level === "exception");
  const reason = `${fault?.name ?? "Error"}: ${fault?.message ?? "No response"}`;
  const used = fault?.name === USED && !late;
  const problem = new HttpProblem(
    late ? 504 : used ? 500 : 502,
    "FunctionError",
    late ? "FUNCTION_TIMEOUT" : used ? "RESPONSE_USED" : "FUNCTION_FAILED",
    version.public
      ? `The function ${late ? "took too long" : "failed"}`
      : reason.slice(0, MAX_REASON),
    { headers: { [EXECUTION_ID]: id } },
  );
  return problemResponse(problem, input.requestId);
}

/**
 * Leaves the head without a type, as code has made it. The adapter of the HTTP server adds one to each
 * response that has a body.
 */
function withoutType(outgoing: HttpBindings["outgoing"]): void {
  const writeHead = outgoing.writeHead.bind(outgoing) as (...args: unknown[]) => never;
  Object.assign(outgoing, {
    writeHead: (status: number, { "content-type": _added, ...headers }: OutgoingHttpHeaders) =>
      writeHead(status, headers),
  });
}

/**
 * Sends the head together with what follows it. Node writes a head as Latin-1, as it must, but one
 * that is flushed alone as UTF-8.
 */
function withBody(outgoing: HttpBindings["outgoing"]): void {
  Object.assign(outgoing, { flushHeaders: () => {} });
}

function isAscii(headers: Headers): boolean {
  return [...headers].every(([, value]) => /^[\0-\x7f]*$/.test(value));
}

function toJob(
  { input, passesKey }: HttpCall,
  mount: Mount,
  { length, isUpgrade }: { readonly length: number | undefined; readonly isUpgrade: boolean },
  { auth, maxBytes }: ServeOptions,
): HttpJob {
  const { method, headers } = input.c.req.raw;
  const set = forwardedHeaders(mount);
  const except = [...(passesKey ? [] : ["authorization"]), ...set.map(([name]) => name)];
  const kept = requestHeaders(headers, except, (text) => auth.holdsKey(text));
  // As sent: a body in chunks has no length in its head.
  const isCounted = headers.get("content-length") === `${length ?? 0}`;
  const counted: HeaderList = isCounted ? [["content-length", `${length ?? 0}`]] : [];
  const asked = [...kept, ...counted, ...(isUpgrade ? UPGRADE_HEADERS : []), ...set];
  return { method, url: mount.url, headers: asked, maxBytes, ...(isUpgrade && { isUpgrade }) };
}
