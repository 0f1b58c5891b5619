// Untrusted code shares the realm, and may replace these before it calls anything.
const { apply, get } = Reflect;
const { freeze } = Object;

/** Names that lead from an object to what it is made of. */
const FORBIDDEN = ["__proto__", "constructor", "prototype"];

export interface ProxyOptions<K extends string> {
  /** The names that are visible. Default: all of the target but `Object.prototype`'s. */
  readonly whitelist?: readonly K[];
  /** Called before each call of a function; what it throws reaches the caller instead. */
  readonly validator?: (prop: K, args: readonly unknown[]) => void;
}

/**
 * A safe view of an object. Names that are not on the whitelist do not exist in it; it has no
 * prototype, and nothing can be set, defined or deleted. Functions run on the target itself, so
 * objects with private fields work; other values are read anew at each access and handed out as
 * they are, so an object within the target needs a proxy of its own. Which names exist is
 * settled at once: what the target gains later stays invisible. Throws an Error for a whitelist
 * with `constructor`, `prototype` or `__proto__`.
 *
 * @example
 * const safe = proxy(crypto, { whitelist: ["randomUUID"] });
 * ["randomUUID" in safe, "subtle" in safe, safe.randomUUID().length] // [true, false, 36]
 */
export function proxy<T extends object, K extends Extract<keyof T, string>>(
  target: T,
  { whitelist, validator }: ProxyOptions<K> = {},
): Readonly<Pick<T, K>> {
  // A frozen object and no Proxy: there are no traps whose helpers could be tampered with.
  const view: Record<string, unknown> = Object.create(null);

  function guarded(name: K, method: object): unknown {
    return freeze((...args: unknown[]) => {
      validator?.(name, args);
      const result: unknown = apply(method as () => unknown, target, args);
      return result === target ? view : result;
    });
  }

  for (const name of whitelist ?? (namesOf(target) as K[])) {
    if (FORBIDDEN.includes(name)) throw new Error(`"${name}" cannot be made visible`);
    if (!(name in target)) continue;
    const value = get(target, name, target);
    const isMethod = typeof value === "function";
    Object.defineProperty(view, name, {
      enumerable: true,
      ...(isMethod ? { value: guarded(name, value) } : { get: () => readValue(name) }),
    });
  }

  function readValue(name: K): unknown {
    const value = get(target, name, target);
    return typeof value === "function" ? guarded(name, value) : value;
  }

  return freeze(view) as Readonly<Pick<T, K>>;
}

function namesOf(target: object): string[] {
  const names = new Set<string>();
  let object: object | null = target;
  while (object !== null && object !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(object)) names.add(name);
    object = Object.getPrototypeOf(object);
  }
  return [...names].filter((name) => !FORBIDDEN.includes(name));
}
