import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { types } from "node:util";
import { type Context, createContext, runInContext } from "node:vm";
import { VIEWS } from "../../protocol/rich.ts";
import { RUNNER_URL } from "./runner-url.ts";

/**
 * Globals shared with the host, so that Node's functions return objects of the realm's types. For
 * example, a buffer from `TextEncoder` is an instance of `Uint8Array`.
 */
const SHARED = ["ArrayBuffer", "SharedArrayBuffer", "DataView", ...VIEWS] as const;

/** Globals that Node adds to the language. Each realm has the language's own globals. */
const ADDED = (() => {
  const own = new Set<string>(
    runInContext("Object.getOwnPropertyNames(globalThis)", createContext()),
  );
  const apart = ["global", "process"];
  return Object.getOwnPropertyNames(globalThis).filter(
    (name) => !own.has(name) && !apart.includes(name),
  );
})();

/**
 * Returns Node's own `Response`. A server of the host's, as of `@hono/node-server`, may replace the global by a class
 * whose getters read no response that Node has made.
 */
const nodeResponse = (): unknown => Response.error().constructor;

/** URL and path of the folder with the host's part of this level. */
const HERE = [new URL(".", import.meta.url).href, fileURLToPath(new URL(".", import.meta.url))];

/** A realm: the context for scripts, and its global object as seen inside. */
export interface Globals {
  readonly context: Context;
  readonly inside: typeof globalThis;
  /** The `process` of the realm, with listeners of its own. */
  readonly process: NodeJS.Process;
}

/** Creates a realm in this process. It has its own globals of the language, and Node's globals. */
export function createGlobals({ nextTick, ...timers }: Record<string, unknown>): Globals {
  const realm = createContext();
  for (const name of ADDED) {
    // Some are created on first access.
    const get = name === "Response" ? nodeResponse : (): unknown => Reflect.get(globalThis, name);
    const set = (value: unknown): void => define(realm, name, value);
    Object.defineProperty(realm, name, { get, set, configurable: true, enumerable: false });
  }
  for (const name of SHARED) define(realm, name, globalThis[name]);
  for (const [name, value] of Object.entries(timers)) define(realm, name, value);
  const inside = runInContext("globalThis", realm) as typeof globalThis;
  define(realm, "global", inside);
  define(realm, "self", inside);
  const view = processView();
  define(view, "nextTick", nextTick);
  define(view, "emitWarning", (said: unknown, type?: unknown) => {
    (nextTick as typeof process.nextTick)(() => view.emit("warning", warningOf(said, type)));
  });
  define(realm, "process", view);
  adoptErrors(inside.Error);
  hideHost(inside.Error);
  return { context: realm, inside, process: view };
}

/**
 * Returns a view of the host's `process`. `restrictGlobals()` replaces the function that ends it in
 * the view alone. Listeners are the view's own: one for errors would have the host survive its own.
 */
function processView(): NodeJS.Process {
  const view = Object.create(process) as NodeJS.Process & { reallyExit(code?: unknown): never };
  Reflect.apply(EventEmitter, view, []);
  define(view, "exit", (code?: unknown) => view.reallyExit(code));
  return view;
}

/** Makes what listeners for warnings get. */
function warningOf(said: unknown, type: unknown): Error {
  if (types.isNativeError(said)) return said;
  const options = typeof type === "object" && type !== null ? type : { type };
  const name = (options as { type?: unknown }).type ?? "Warning";
  return Object.assign(new Error(String(said)), { name: String(name) });
}

/** Makes errors of Node's functions instances of the realm's `Error`. */
function adoptErrors(RealmError: ErrorConstructor): void {
  const native = Function.prototype[Symbol.hasInstance];
  define(RealmError, Symbol.hasInstance, function (this: ErrorConstructor, value: unknown) {
    return native.call(this, value) || (this === RealmError && types.isNativeError(value));
  });
}

/**
 * Ends each stack of the realm before the frames of the runner and the host, below the code's own.
 * Code at this level runs above them, because V8 interrupts only a call that the host makes.
 */
function hideHost(RealmError: ErrorConstructor): void {
  define(RealmError, "prepareStackTrace", (error: unknown, frames: readonly NodeJS.CallSite[]) => {
    let text = headOf(error);
    // Counted, because the list is the realm's, and code may have replaced its methods.
    for (let i = 0; i < frames.length; i += 1) {
      const frame = frames[i] as NodeJS.CallSite;
      const file = frame.getFileName() ?? "";
      // The host's call of the code is a script. Functions of the runner may wrap Node's anywhere.
      if (file === RUNNER_URL && frame.getFunctionName() === null && i > 0) break;
      if (file !== RUNNER_URL && !HERE.some((here) => file.startsWith(here))) {
        text += `\n    at ${frame}`;
      }
    }
    return text;
  });
}

/** Returns the first line of a stack, as V8 writes it. */
function headOf(error: unknown): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "<error>";
  }
}

function define(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}
