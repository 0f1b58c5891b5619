import { type Deferred, deferred, refuse } from "./deferred.ts";

/**
 * Makes a stand-in for an object that is created once, on first use. With a synchronous factory it
 * behaves like the object, and methods run on the object itself. With a factory that returns a
 * promise, every path of properties can be called or awaited, which gives a promise. Then
 * assigning, `in` and listing keys throw an Error.
 *
 * A failure is not kept: only the use that met it throws or rejects. The next use calls the factory
 * again, because the cause may be over. Awaiting the stand-in itself gives the stand-in and creates
 * nothing.
 *
 * @example
 * const db = lazy(async () => ({ users: { findMany: () => ["Ada"] } }));
 * await db.users.findMany() // ["Ada"]
 * @example
 * const ids = lazy(() => new Set([1, 2]));
 * ids.has(2) // true
 */
export function lazy<T extends object>(factory: () => PromiseLike<T>): Deferred<T>;
export function lazy<T extends object>(factory: () => T): T;
export function lazy(factory: () => object): object {
  let created: object | undefined;

  function create(): object {
    if (created !== undefined) return created;
    const made = factory();
    if (!("then" in made)) {
      created = made;
      return made;
    }
    const promise = Promise.resolve(made);
    // Registered before any caller's handler, so that a caller who sees the failure can try again.
    promise.catch(() => {
      created = undefined;
    });
    created = promise;
    return promise;
  }

  return standIn(create);
}

function standIn(create: () => object): object {
  const methods = new WeakMap<object, unknown>();

  function object(): object {
    const made = create();
    return made instanceof Promise ? refuse() : made;
  }

  /** Runs a method on the object itself, because the stand-in has no private fields. */
  function method(value: object): unknown {
    const made =
      methods.get(value) ??
      new Proxy(value as () => unknown, {
        apply: (target, self, args) =>
          Reflect.apply(target, self === shell ? object() : self, args),
      });
    methods.set(value, made);
    return made;
  }

  const shell: object = new Proxy(
    {},
    {
      get(_target, key) {
        // Promises read this key: passing the stand-in through one must not create the object.
        if (key === "then") return undefined;
        const made = create();
        if (made instanceof Promise) {
          return typeof key === "string" ? deferred(async () => create(), [key]) : undefined;
        }
        const value: unknown = Reflect.get(made, key, made);
        return typeof value === "function" ? method(value) : value;
      },
      set: (_target, key, value) => Reflect.set(object(), key, value),
      has: (_target, key) => Reflect.has(object(), key),
      ownKeys: () => Reflect.ownKeys(object()),
      getPrototypeOf: () => Reflect.getPrototypeOf(object()),
      deleteProperty: (_target, key) => Reflect.deleteProperty(object(), key),
      defineProperty: (_target, key, value) => Reflect.defineProperty(object(), key, value),
      preventExtensions: () => false,
      getOwnPropertyDescriptor(_target, key) {
        const descriptor = Reflect.getOwnPropertyDescriptor(object(), key);
        // The proxy's target lacks the property, so the property cannot be reported as permanent.
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
  return shell;
}
