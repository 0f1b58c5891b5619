import {
  apply,
  defineProperty,
  getPrototypeOf,
  hasOwn,
  NativeError,
  NativeTypeError,
  NativeWeakSet,
  uncurry,
  weakSetAdd,
  weakSetHas,
} from "../base/primordials.ts";
import { coarsenTemporal } from "./temporal.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

const { construct } = Reflect;
const PROBE = "typeof Temporal === 'object' ? Temporal : undefined";

/** Options of a context: names in the options of a run, and in its own. */
const OF_RUN = ["contextName", "contextOrigin", "contextCodeGeneration", "microtaskMode"];
const OF_CONTEXT = ["name", "origin", "codeGeneration", "microtaskMode", "importModuleDynamically"];
const OF_GENERATION = ["strings", "wasm"];
const OF_FUNCTION = [
  "filename",
  "columnOffset",
  "lineOffset",
  "cachedData",
  "produceCachedData",
  "parsingContext",
  "contextExtensions",
  "importModuleDynamically",
];
const OF_MODULE = [
  "identifier",
  "context",
  "lineOffset",
  "columnOffset",
  "importModuleDynamically",
  "initializeImportMeta",
];

/**
 * Makes each new context of `node:vm` have coarse clocks, too. A context is a realm with a
 * `Temporal` of its own. An overflow of the stack can stop that halfway, so whatever runs code in a
 * context refuses one that is not done.
 */
export function closeContexts(vm: Anything, types: Anything): void {
  const { createContext, runInNewContext, isContext, compileFunction, Script } = vm;
  const { prototype } = Script;
  const { isProxy } = types;
  const { runInContext, runInNewContext: runAlone } = prototype;
  const run = uncurry(runInContext) as (script: object, context: unknown) => unknown;
  const probe = new Script(PROBE);
  const done = new NativeWeakSet<object>();

  // An object that is no context yet could become one before the runtime looks at it.
  const checked = (context: Anything): unknown => {
    if (!isObject(context) || weakSetHas(done, context)) return context;
    if (typeof context === "object" && isContext(context)) throw unfinished();
    return { __proto__: null };
  };
  const create = (object: Anything, options: unknown): object => {
    if (isObject(object)) {
      if (checked(object) === object) return object;
      assertClear(object, isProxy);
    }
    const context = apply(createContext, vm, [object, options]) as object;
    // An error of the new realm would lead to its clocks, so the caller gets another one.
    try {
      const found = run(probe, context);
      if (found !== undefined) coarsenTemporal(found);
      weakSetAdd(done, context);
      return context;
    } catch {
      throw unfinished();
    }
  };

  replace(vm, "createContext", (object: unknown = {}, options?: unknown) =>
    create(object, contextOptions(options, OF_CONTEXT)),
  );
  replace(vm, "runInNewContext", (code: unknown, object: unknown = {}, options?: unknown) =>
    apply(runInNewContext, vm, [code, create(object, optionsOfRun(options)), options]),
  );
  replace(prototype, "runInNewContext", function (this: unknown, object = {}, options?: unknown) {
    return apply(runAlone, this, [create(object, optionsOfRun(options)), options]);
  });
  // All functions of the module that run a script in a context call this one.
  replace(prototype, "runInContext", function (this: unknown, context: unknown, options?: unknown) {
    return apply(runInContext, this, [checked(context), options]);
  });
  replace(vm, "compileFunction", (code: unknown, params: unknown, options?: unknown) => {
    const own = copy(options, OF_FUNCTION);
    if (isObject(own)) own.parsingContext = checked(own.parsingContext);
    return apply(compileFunction, vm, [code, params, own]);
  });
  for (const [name, at] of [
    ["SourceTextModule", 1],
    ["SyntheticModule", 2],
  ] as const) {
    const guarded = new Proxy(vm[name], {
      construct(target, args, newTarget) {
        if (args.length <= at) return construct(target, args, newTarget) as object;
        const own = copy(args[at], OF_MODULE);
        if (isObject(own)) own.context = checked(own.context);
        args[at] = own;
        return construct(target, args, newTarget) as object;
      },
    });
    defineProperty(vm[name].prototype, "constructor", { value: guarded });
    replace(vm, name, guarded);
  }
}

function unfinished(): Error {
  return new NativeError("The context could not be made");
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

/**
 * Copies the options of a context, so that no getter runs once its object has been checked.
 *
 * @param names Their names in `options`, in the order of `OF_CONTEXT`.
 */
function contextOptions(options: unknown, names: readonly string[]): Anything {
  const own = copy(options, names, OF_CONTEXT);
  if (isObject(own)) own.codeGeneration = copy(own.codeGeneration, OF_GENERATION);
  return own;
}

/** Picks the options of a context out of those of a run. */
function optionsOfRun(options: unknown): Anything {
  return isObject(options) ? contextOptions(options, OF_RUN) : undefined;
}

/** Copies what is set under `names` to an object without a prototype, under the names `to`. */
function copy(options: unknown, names: readonly string[], to = names): Anything {
  if (typeof options !== "object" || options === null) return options;
  const own: Anything = { __proto__: null };
  for (let n = 0; n < names.length; n += 1) {
    const value = (options as Anything)[names[n] as string];
    if (value !== undefined) own[to[n] as string] = value;
  }
  return own;
}

function replace(target: object, name: string, value: unknown): void {
  defineProperty(target, name, { value, writable: true, configurable: true });
}

function isObject(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
