import type { RefusedMessage } from "../src/protocol/forwarder.ts";
import {
  apply,
  captureStack,
  defineProperty,
  getOwnPropertyDescriptor,
  getterOf,
  indexOfText,
  lastIndexOfText,
  mapGet,
  mapSet,
  mapSize,
  NativeError,
  NativeMap,
  NativePromise,
  NativeSet,
  NativeTypeError,
  nextTurn,
  replaceAllText,
  setAdd,
  setDelete,
  setForEach,
  sliceText,
  startsWith,
  startTimer,
  uncurry,
} from "./base/primordials.ts";
import { failureText, isFailure } from "./proxy-failures.ts";

/** Words of the runtime for a tunnel that the proxy has refused. */
const UNSUCCESSFUL = "unsuccessful tunnel";
const ASKED_FOR = "for url (";
/** Time in which the report of a refusal arrives, which was sent before the refusal itself. */
const REPORTED_WITHIN_MS = 500;
/** Most targets of which the last refusal is kept. */
const MAX_TARGETS = 100;

const NativeURL = URL;

let refusals = new NativeMap<string, RefusedMessage>();
/** Functions that look for a refusal which has not arrived yet. */
const waiting = new NativeSet<() => void>();

/** Keeps why the proxy has refused a tunnel, for the `fetch` that fails for it. */
export function noteRefusal(refused: RefusedMessage): void {
  if (mapSize(refusals) >= MAX_TARGETS) refusals = new NativeMap();
  mapSet(refusals, refused.target, refused);
  setForEach(waiting, (look) => look());
}

/**
 * Makes `fetch` fail as without a proxy: it rejects for a host that cannot be reached, and the cause
 * of its error says why. The runtime takes the proxy's answer for that of the host, or hides it.
 * This is no protection: user code may replace it.
 */
export function explainFetch(): void {
  const native = fetch;
  const then = uncurry(NativePromise.prototype.then);
  const header = uncurry(Headers.prototype.get);
  const headersOf = getterOf<Headers>(Response.prototype, "headers");
  const urlOf = getterOf<string>(Response.prototype, "url");

  function onAnswer(response: Response): Response {
    const code = header(headersOf(response), "x-isolate-denied");
    // Only over plain HTTP the proxy takes this header out of what hosts answer.
    if (code === null || !isFailure(code) || !startsWith(urlOf(response), "http:")) return response;
    const reason = header(headersOf(response), "x-isolate-reason") ?? undefined;
    const text = failureText({ target: "", code, reason });
    const message = `error sending request for url (${urlOf(response)}): client error ${text}`;
    throw failed(message, onAnswer);
  }
  async function onFailure(error: unknown): Promise<never> {
    const cause = ownValue(error, "cause");
    const message = ownValue(cause, "message");
    const target = typeof message === "string" ? refusedTarget(message) : undefined;
    const refusal = target === undefined ? undefined : await refusalOf(target);
    if (refusal !== undefined) explain(cause as Error, message as string, failureText(refusal));
    throw error;
  }
  const explained = {
    fetch(...args: unknown[]): Promise<Response> {
      return then(apply(native, globalThis, args), onAnswer, onFailure) as Promise<Response>;
    },
  };
  const value = explained.fetch;
  defineProperty(value, "length", { value: native.length, configurable: true });
  defineProperty(globalThis, "fetch", {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

function failed(message: string, thrower: (response: Response) => unknown): TypeError {
  const cause = new NativeError(message);
  const error = new NativeTypeError("fetch failed", { cause });
  captureStack(cause, thrower);
  captureStack(error, thrower);
  return error;
}

/** Returns the target of the tunnel whose refusal a message of the runtime is about. */
function refusedTarget(message: string): string | undefined {
  const from = indexOfText(message, ASKED_FOR);
  const to = lastIndexOfText(message, "): client error (Connect): ");
  if (from < 0 || to < from || indexOfText(message, UNSUCCESSFUL, to) < 0) return undefined;
  const url = new NativeURL(sliceText(message, from + ASKED_FOR.length, to));
  return `${hostnameOf(url)}:${portOf(url) || "443"}`;
}

const hostnameOf = getterOf<string>(URL.prototype, "hostname");
const portOf = getterOf<string>(URL.prototype, "port");

/** Resolves with the refusal of a tunnel. It may arrive a moment after the failure of `fetch`. */
async function refusalOf(target: string): Promise<RefusedMessage | undefined> {
  // Reports that have arrived are read first: an older one of this target is there, perhaps.
  await new NativePromise<void>((resolve) => nextTurn(resolve));
  if (mapGet(refusals, target) !== undefined) return mapGet(refusals, target);
  await new NativePromise<void>((resolve) => {
    const look = (): void => {
      if (mapGet(refusals, target) !== undefined) resolve();
    };
    setAdd(waiting, look);
    startTimer(() => {
      setDelete(waiting, look);
      resolve();
    }, REPORTED_WITHIN_MS);
  });
  return mapGet(refusals, target);
}

/** Puts the reason in place of the runtime's words, in the message and in the stack. */
function explain(cause: Error, message: string, text: string): void {
  const at = indexOfText(message, `(Connect): ${UNSUCCESSFUL}`);
  const value = `${sliceText(message, 0, at)}${text}`;
  const { stack } = cause;
  defineProperty(cause, "message", { value, configurable: true, writable: true });
  if (typeof stack !== "string") return;
  const told = replaceAllText(stack, message, value);
  defineProperty(cause, "stack", { value: told, configurable: true, writable: true });
}

function ownValue(of: unknown, name: string): unknown {
  if (typeof of !== "object" || of === null) return undefined;
  return getOwnPropertyDescriptor(of, name)?.value;
}
