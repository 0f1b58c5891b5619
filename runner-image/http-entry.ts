import type { HttpJob } from "../src/protocol/http.ts";
import type { HandlerContext } from "./background.ts";
import { apply, execPattern, functionText, sliceText } from "./base/primordials.ts";
import { entryOf, missingEntry } from "./entry.ts";
import type { Module } from "./modules/virtual.ts";
import { answerByNode, type NodeHandler } from "./node-handler.ts";
import { web } from "./web.ts";

/** A request in the forms that handlers take. */
export interface Asked {
  readonly job: HttpJob;
  readonly body: Uint8Array | undefined;
  /** Makes the `Request`, for handlers that take one. */
  readonly request: () => Request;
}

type Handler = (asked: Asked, context: HandlerContext) => unknown;
type Method = (...args: unknown[]) => unknown;

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** Characters of a function's text that hold its parameters. */
const HEAD_OF_TEXT = 300;
/**
 * Matches the text of a function whose second parameter is called `res` or `response`. Nothing else
 * tells Node's handlers from those that take a `Request` and a context.
 */
const OF_NODE =
  /^(async\s*)?(function\s*)?[\w$]*\s*\(\s*[\w$]+\s*,\s*_*(node)?res(p|ponse)?\d*\s*[,)]/i;

/**
 * Returns a function that calls the entry in the form it has. That is a function, an object with
 * `fetch()`, or a handler or server of `node:http`. Without a default export, exports are named by
 * methods.
 *
 * @throws {RunnerFault} If the entry is none of these.
 */
export function handlerOf(module: Module, entry: string, method: string): Handler {
  const found = entryOf(module, entry);
  if (typeof found === "function") {
    if (isOfNode(found)) return byNode(found as NodeHandler);
    return ({ request }, context) => apply(found, undefined, [request(), context]);
  }
  if (typeof found === "object" && found !== null) return ofObject(found, module, entry);
  const named = found === undefined && entry === "default" ? byMethod(module, method) : undefined;
  return named ?? notCallable(module, entry);
}

function ofObject(object: object, module: Module, entry: string): Handler {
  const { fetch, emit, listeners } = object as Record<string, unknown>;
  if (typeof fetch === "function") {
    return ({ request }, context) => apply(fetch, object, [request(), {}, context]);
  }
  if (typeof emit !== "function" || typeof listeners !== "function")
    return notCallable(module, entry);
  return byNode((request, response) => {
    apply(emit, object, ["request", request, response]);
  });
}

function byNode(handler: NodeHandler): Handler {
  return ({ job, body }) => answerByNode(handler, job, body);
}

function isOfNode(found: object): boolean {
  const { length } = found as { readonly length?: unknown };
  if (length !== 2 && length !== 3) return false;
  return execPattern(OF_NODE, sliceText(functionText(found), 0, HEAD_OF_TEXT)) !== null;
}

/** Finds the export that is named by the method. `undefined` if no export is. */
function byMethod(module: Module, method: string): Handler | undefined {
  let allowed = "";
  for (let i = 0; i < METHODS.length; i += 1) {
    const name = METHODS[i] as string;
    if (typeof module[name] === "function") allowed += allowed === "" ? name : `, ${name}`;
  }
  if (allowed === "") return undefined;
  const exported = module[method] ?? (method === "HEAD" ? module.GET : undefined);
  if (typeof exported === "function") {
    return ({ request }, context) => apply(exported as Method, undefined, [request(), context]);
  }
  const { NativeResponse } = web();
  const status = method === "OPTIONS" ? 204 : 405;
  return () => new NativeResponse(null, { status, headers: { allow: allowed } });
}

function notCallable(module: Module, entry: string): never {
  const message = `Entry "${entry}" is not a function, nor an object with a function fetch`;
  throw missingEntry(module, entry, message);
}
