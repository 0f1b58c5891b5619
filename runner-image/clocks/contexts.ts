import { apply, defineProperty, getPrototypeOf, NativeTypeError } from "../base/primordials.ts";
import { coarsenTemporal } from "./temporal.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

const { hasOwn } = Object;

/**
 * Makes each new context of `node:vm` have coarse clocks, too. A context is a realm with a
 * `Temporal` of its own.
 */
export function closeContexts(vm: Anything, types: Anything): void {
  const { createContext, runInContext, runInNewContext, isContext } = vm;
  const { prototype } = vm.Script;
  const runAlone = prototype.runInNewContext;
  const { isProxy } = types;
  const create = (object: unknown = {}, options?: unknown): unknown => {
    if (isObject(object)) {
      if (isContext(object)) return object;
      assertClear(object, isProxy);
    }
    const context = apply(createContext, vm, [object, options]);
    const found = runInContext("typeof Temporal === 'object' ? Temporal : undefined", context);
    if (found !== undefined) coarsenTemporal(found);
    return context;
  };
  const clean: Record<string, (...args: Anything[]) => unknown> = {
    createContext: create,
    runInNewContext: (code, object, options) =>
      apply(runInNewContext, vm, [code, create(object, contextOptions(options)), options]),
  };
  for (const name of Object.keys(clean)) {
    defineProperty(vm, name, { value: clean[name], writable: true, configurable: true });
  }
  defineProperty(prototype, "runInNewContext", {
    value(this: object, object: unknown, options: unknown) {
      return apply(runAlone, this, [create(object, contextOptions(options)), options]);
    },
    writable: true,
    configurable: true,
  });
}

/** Refuses an object that would hide the context's own `Temporal` while it is replaced. */
function assertClear(object: object, isProxy: (value: unknown) => boolean): void {
  for (let at: object | null = object; at !== null; at = getPrototypeOf(at) as object | null) {
    if (isProxy(at) || hasOwn(at, "Temporal")) {
      const what = 'A context of a proxy, or with a "Temporal" of its own,';
      throw new NativeTypeError(`${what} needs {"permissions":{"hrtime":true}}`);
    }
  }
}

/** Picks the options of a context out of those of a run. */
function contextOptions(options: unknown): object | undefined {
  if (!isObject(options)) return undefined;
  const { contextName, contextOrigin, contextCodeGeneration, microtaskMode } = options as Anything;
  return {
    name: contextName,
    origin: contextOrigin,
    codeGeneration: contextCodeGeneration,
    microtaskMode,
  };
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
