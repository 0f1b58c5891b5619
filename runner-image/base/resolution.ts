import { apply, defineProperty, NativeError, NativeTypeError, startsWith } from "./primordials.ts";

type Resolve = (this: unknown, ...args: unknown[]) => unknown;
type Check = (name: string) => void;

/** Names of runtime modules that exist for the runtime's own tests. */
const INTERNAL = "internal/";
const NODE_INTERNAL = "node:internal/";

let check: Check = refuseInternal;

/** Throws for the name of a module that is the runtime's own. */
export function refuseInternal(name: string): void {
  if (startsWith(name, INTERNAL) || startsWith(name, NODE_INTERNAL)) {
    throw new NativeError(`Cannot find module '${name}'`);
  }
}

/** Calls `more`, too, with each name that `require` has resolved. */
export function checkResolved(more: Check): void {
  const before = check;
  check = (name) => {
    before(name);
    more(name);
  };
}

/**
 * Checks each name that `require` resolves to. Code may replace the resolver with its own, or hook
 * into it, so the property gives a checked function whatever it is set to.
 */
export function guardResolution(modules: { _resolveFilename: Resolve }): void {
  let resolve = checked(modules._resolveFilename);
  defineProperty(modules, "_resolveFilename", {
    get: () => resolve,
    set: (own: unknown) => {
      if (typeof own !== "function") throw new NativeTypeError("_resolveFilename is a function");
      resolve = checked(own as Resolve);
    },
    enumerable: true,
    configurable: false,
  });
}

function checked(resolve: Resolve): Resolve {
  return function (...args) {
    const name = apply(resolve, this, args);
    if (typeof name !== "string") throw new NativeTypeError("_resolveFilename returns a text");
    check(name);
    return name;
  };
}
