import {
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  hasOwn,
  NativeSet,
  NativeTypeError,
  ownKeys,
  setAdd,
  setDelete,
  setHas,
  toText,
} from "./base/primordials.ts";

/** Names of the variables that a worker may read, or `true` for all of them. */
export type GrantedNames = readonly string[] | boolean;

type Variables = Record<string | symbol, string>;

/**
 * Makes `process.env` hold the granted variables, and what code assigns. A name without a grant is
 * undefined, as one that is not set, and `onUngranted` is told. `Deno.env` still refuses it. An
 * assignment stays in this worker.
 */
export function replaceVariables(
  process: object,
  granted: GrantedNames,
  onUngranted: (name: string) => void,
): void {
  const source = grantedVariables(granted);
  const deleted = new NativeSet<string>();
  const lookUp = (name: string): string | undefined =>
    setHas(deleted, name) ? undefined : source.read(name);
  const assign = (own: object, name: string | symbol, value: unknown): boolean => {
    if (typeof name === "symbol" || typeof value === "symbol") {
      throw new NativeTypeError("Cannot convert a Symbol value to a string");
    }
    const plain = { writable: true, enumerable: true, configurable: true };
    setDelete(deleted, name);
    defineProperty(own, name, { __proto__: null, value: toText(value), ...plain } as never);
    return true;
  };
  const value = new Proxy(
    {} as Variables,
    {
      __proto__: null,
      get(own, name) {
        if (typeof name === "symbol" || hasOwn(own, name)) return own[name];
        const found = lookUp(name);
        if (found !== undefined) return found;
        // Code asks for methods of every object, too.
        const inherited: unknown = own[name];
        const isKnown = inherited !== undefined || setHas(deleted, name) || source.has(name);
        if (!isKnown) onUngranted(name);
        return inherited;
      },
      has: (own, name) =>
        hasOwn(own, name) || (typeof name === "string" && lookUp(name) !== undefined),
      set: (own, name, value) => assign(own, name, value),
      deleteProperty(own, name) {
        if (typeof name === "string") setAdd(deleted, name);
        return deleteProperty(own, name);
      },
      ownKeys(own) {
        const keys = ownKeys(own);
        const names = source.names();
        for (let n = 0; n < names.length; n += 1) {
          const name = names[n] as string;
          if (!hasOwn(own, name) && lookUp(name) !== undefined) keys[keys.length] = name;
        }
        return keys;
      },
      getOwnPropertyDescriptor(own, name) {
        if (typeof name === "symbol" || hasOwn(own, name))
          return getOwnPropertyDescriptor(own, name);
        const value = lookUp(name);
        if (value === undefined) return undefined;
        return { value, writable: true, enumerable: true, configurable: true };
      },
      defineProperty(own, name, { configurable, enumerable, writable, value, get, set }) {
        if (get !== undefined || set !== undefined || !configurable || !enumerable || !writable) {
          const what = "a configurable, writable, and enumerable data descriptor";
          throw new NativeTypeError(`'process.env' only accepts ${what}`);
        }
        return assign(own, name, value);
      },
      preventExtensions: () => false,
    } as ProxyHandler<Variables>,
  );
  const descriptor = { value, writable: true, enumerable: true, configurable: true };
  defineProperty(process, "env", descriptor);
}

/** Reads the variables that the worker was granted, as they are now. */
function grantedVariables(granted: GrantedNames): {
  has(name: string): boolean;
  read(name: string): string | undefined;
  names(): readonly string[];
} {
  const { env } = Deno;
  const get = env.get.bind(env);
  const toObject = env.toObject.bind(env);
  const listed = new NativeSet(typeof granted === "boolean" ? [] : granted);
  const has = (name: string): boolean => granted === true || setHas(listed, name);
  return {
    has,
    read(name) {
      try {
        return has(name) ? get(name) : undefined;
      } catch {
        // No variable can have this name, or a layer outside of the worker grants less.
        return undefined;
      }
    },
    names() {
      if (granted !== true) return granted || [];
      try {
        return ownKeys(toObject()) as string[];
      } catch {
        return [];
      }
    },
  };
}
