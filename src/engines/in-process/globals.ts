import { types } from "node:util";
import { type Context, createContext, runInContext } from "node:vm";

/**
 * Shared with the host, so that what Node's own functions return is of the realm's own kind:
 * a buffer from `TextEncoder` is an instance of `Uint8Array`.
 */
const SHARED = [
  "ArrayBuffer",
  "SharedArrayBuffer",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float32Array",
  "Float64Array",
] as const;

/** What Node adds to the language; the language's own globals each realm has by itself. */
const ADDED = (() => {
  const own = new Set<string>(
    runInContext("Object.getOwnPropertyNames(globalThis)", createContext()),
  );
  const apart = ["global", "process"];
  return Object.getOwnPropertyNames(globalThis).filter(
    (name) => !own.has(name) && !apart.includes(name),
  );
})();

/** A realm: what scripts run in, and the global object as they see it. */
export interface Globals {
  readonly context: Context;
  readonly inside: typeof globalThis;
}

/** Makes a realm of this process: the language's globals are its own, Node's are there. */
export function createGlobals(timers: Record<string, unknown>): Globals {
  const realm = createContext();
  for (const name of ADDED) {
    // Some are made when they are first asked for.
    const get = (): unknown => Reflect.get(globalThis, name);
    const set = (value: unknown): void => define(realm, name, value);
    Object.defineProperty(realm, name, { get, set, configurable: true, enumerable: false });
  }
  for (const name of SHARED) define(realm, name, globalThis[name]);
  for (const [name, value] of Object.entries(timers)) define(realm, name, value);
  const inside = runInContext("globalThis", realm) as typeof globalThis;
  define(realm, "global", inside);
  define(realm, "self", inside);
  define(realm, "process", processView());
  adoptErrors(inside.Error);
  return { context: realm, inside };
}

/** The host's process, but that its end is for `restrictGlobals()` to replace in the view alone. */
function processView(): NodeJS.Process {
  const view = Object.create(process) as NodeJS.Process & { reallyExit(code?: unknown): never };
  define(view, "exit", (code?: unknown) => view.reallyExit(code));
  return view;
}

/** Errors of Node's own functions are errors here, too. */
function adoptErrors(RealmError: ErrorConstructor): void {
  const native = Function.prototype[Symbol.hasInstance];
  define(RealmError, Symbol.hasInstance, function (this: ErrorConstructor, value: unknown) {
    return native.call(this, value) || (this === RealmError && types.isNativeError(value));
  });
}

function define(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}
