import { headFault, type ResponseHead, UPGRADED } from "../src/protocol/http.ts";
import { RunnerFault } from "./base/faults.ts";
import { isArray } from "./base/primordials.ts";
import { web } from "./web.ts";

/**
 * Reads status and headers of a handler's value.
 *
 * @throws {RunnerFault} If the value is no `Response`, or one that cannot be sent.
 */
export function readHead(
  value: unknown,
  entry: string,
  { method, isUpgraded }: { readonly method: string; readonly isUpgraded: boolean },
): ResponseHead {
  const { statusOf, typeOf, headersOf, bodyOf, isUsed, isLocked, eachHeader } = web();
  let status: number;
  try {
    status = statusOf(value);
  } catch {
    throw responseError(
      `Entry "${entry}" returned ${describe(value)}, and no Response. ` +
        'Return a Response, such as new Response("text") or Response.json(value)',
    );
  }
  if (typeOf(value) === "error") {
    throw responseError("Response.error() cannot be sent. Return a Response with a status");
  }
  if (isUpgraded && status !== UPGRADED) {
    throw responseError("The request was upgraded: return the response of Deno.upgradeWebSocket()");
  }
  const body = bodyOf(value);
  if (isUsed(value) || (body !== null && isLocked(body))) throw used();
  const headers: [string, string][] = [];
  let characters = 0;
  let count = 0;
  eachHeader(headersOf(value), (text, name) => {
    // A length without a body is true of another method's or an earlier response alone.
    const isTrue = body !== null || text === "0" || method === "HEAD" || status === 304;
    if (name === "content-length" && !isTrue) return;
    characters += name.length + text.length;
    // Assigned by index: user code may have replaced `push()`.
    headers[count] = [name, text];
    count += 1;
  });
  const fault = headFault(status, { count, characters }, isUpgraded);
  if (fault !== undefined) throw responseError(fault);
  return { status, headers };
}

/** Adds the length of a body, unless code has given one, or the head has no room or no use for it. */
export function withLength(head: ResponseHead, length: number | undefined): ResponseHead {
  const { status, headers } = head;
  if (length === undefined || status === 204 || status === 205 || status === 304) return head;
  const longer: [string, string][] = [];
  let characters = 0;
  for (let i = 0; i < headers.length; i += 1) {
    const pair = headers[i] as [string, string];
    if (pair[0] === "content-length") return head;
    characters += pair[0].length + pair[1].length;
    longer[i] = pair;
  }
  const added: [string, string] = ["content-length", `${length}`];
  const count = longer.length + 1;
  characters += added[0].length + added[1].length;
  longer[count - 1] = added;
  return headFault(status, { count, characters }, false) === undefined
    ? { status, headers: longer }
    : head;
}

/** Makes the failure of a response that cannot be sent. */
export function responseError(message: string): RunnerFault {
  return new RunnerFault("ResponseError", message);
}

function used(): RunnerFault {
  return new RunnerFault(
    "ResponseUsedError",
    "The body of the Response has already been used: it was read, or sent before. " +
      "Make a new Response for each request, or return response.clone()",
  );
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (isArray(value)) return "an array";
  const kind = typeof value;
  return kind === "object" ? "an object" : `a ${kind}`;
}
