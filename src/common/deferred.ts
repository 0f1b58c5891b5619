/**
 * An object that does not exist yet. Calls return promises, and other properties can be awaited.
 */
export type Deferred<T> = { readonly [K in keyof T]: DeferredProperty<T[K]> };

type DeferredProperty<T> = T extends (...args: infer A) => infer R
  ? (...args: A) => Promise<Awaited<R>>
  : Deferred<T> & PromiseLike<T>;

/**
 * Stands for the value at `path` within the object that `root` promises. Each property of the
 * result is a longer path. Calling it calls the value there, on the object that holds it; awaiting
 * it gives that value. Both call `root` again and reject as `root` does. Assigning, `in` and
 * listing keys throw an Error.
 *
 * @example
 * const users = deferred(async () => ({ users: { count: () => 2 } }), ["users"]);
 * await users.count() // 2
 */
export function deferred(root: () => Promise<object>, path: readonly string[]): unknown {
  async function find(): Promise<{ owner: unknown; value: unknown }> {
    let owner: unknown;
    let value: unknown = await root();
    for (const key of path) {
      owner = value;
      value = (value as Record<string, unknown>)[key];
    }
    // Wrapped in an object, because a promise would resolve a value that has a "then".
    return { owner, value };
  }

  async function call(args: unknown[]): Promise<unknown> {
    const { owner, value } = await find();
    if (typeof value !== "function") throw new TypeError(`"${path.join(".")}" is not a function`);
    return Reflect.apply(value, owner, args);
  }

  const then: PromiseLike<unknown>["then"] = (resolve, reject) =>
    find()
      .then((found) => found.value)
      .then(resolve, reject);

  return new Proxy(() => {}, {
    get(_shell, key) {
      if (key === "then") return then;
      return typeof key === "string" ? deferred(root, [...path, key]) : undefined;
    },
    apply: (_shell, _self, args) => call(args),
    set: refuse,
    has: refuse,
    ownKeys: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
  });
}

/** Throws for an operation that needs the object at once. */
export function refuse(): never {
  throw new Error("The object is created asynchronously: call or await a property of it");
}
