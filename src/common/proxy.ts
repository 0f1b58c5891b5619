// Captured, because untrusted code in the realm may replace these before it calls anything.
const { apply, get } = Reflect;
const { freeze } = Object;

/** Names that lead from an object to its constructor or prototype. */
const FORBIDDEN = ["__proto__", "constructor", "prototype"];

type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : [];

/** Checks calls of functions: a name, and the arguments of the function of that name. */
export type Validator<T, K extends keyof T> = (
  ...call: { [Name in K]: [prop: Name, args: ArgumentsOf<T[Name]>] }[K]
) => void;

export interface ProxyOptions<T, K extends keyof T> {
  /** Visible names. Default: all names of the target except those of `Object.prototype`. */
  readonly whitelist?: readonly K[];
  /**
   * Called before each call of a function. Its error reaches the caller in place of a result. Code
   * may call with arguments of any type.
   */
  readonly validator?: NoInfer<Validator<T, K>>;
}

/**
 * Makes a safe view of an object. Only names on the whitelist exist in it. It has no prototype, and
 * nothing can be set, defined or deleted.
 *
 * Functions run on the target itself, so objects with private fields work. Other values are read at
 * each access and returned as they are, so nested objects need their own proxies. The set of names
 * is fixed at once: later properties of the target stay invisible.
 *
 * @throws {Error} For a whitelist with `constructor`, `prototype` or `__proto__`.
 *
 * @example
 * const safe = proxy(crypto, { whitelist: ["randomUUID"] });
 * ["randomUUID" in safe, "subtle" in safe, safe.randomUUID().length] // [true, false, 36]
 */
export function proxy<T extends object, K extends Extract<keyof T, string>>(
  target: T,
  { whitelist, validator }: ProxyOptions<T, K> = {},
): Readonly<Pick<T, K>> {
  // A frozen object and no Proxy: it has no traps whose helpers code could replace.
  const view: Record<string, unknown> = Object.create(null);
  const check = validator as ((prop: K, args: readonly unknown[]) => void) | undefined;

  function guarded(name: K, method: object): unknown {
    return freeze((...args: unknown[]) => {
      check?.(name, args);
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
