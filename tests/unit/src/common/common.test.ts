import { describe, expect, it, vi } from "vitest";
import { inject, provide, reset } from "../../../../src/common/inject.ts";
import { lazy } from "../../../../src/common/lazy.ts";
import { proxy } from "../../../../src/common/proxy.ts";

class Counter {
  #count = 0;
  step = 1;
  get count(): number {
    return this.#count;
  }
  add(by = this.step): number {
    this.#count += by;
    return this.#count;
  }
  self(): this {
    return this;
  }
  get adder(): (by: number) => number {
    return this.add;
  }
}

describe("proxy", () => {
  it("works for an object with private fields of its own realm", () => {
    const safe = proxy(crypto, { whitelist: ["getRandomValues", "randomUUID"] });
    expect(safe.randomUUID()).toMatch(/^[\da-f-]{36}$/);
    const array = new Uint8Array(16);
    expect(safe.getRandomValues(array)).toBe(array);
    expect(array.some((byte) => byte !== 0)).toBe(true);
  });

  it("shows what is on the whitelist and nothing else, however one looks", () => {
    const safe: object = proxy(crypto, { whitelist: ["getRandomValues", "randomUUID"] });
    const hidden = ["subtle", "constructor", "__proto__", "toString", "hasOwnProperty", "then"];
    for (const name of hidden) {
      expect(Reflect.get(safe, name)).toBeUndefined();
      expect(name in safe).toBe(false);
      expect(Object.getOwnPropertyDescriptor(safe, name)).toBeUndefined();
    }
    expect(Reflect.get(safe, Symbol.toStringTag)).toBeUndefined();
    expect(Reflect.ownKeys(safe)).toEqual(["getRandomValues", "randomUUID"]);
    expect(Object.keys(safe)).toEqual(["getRandomValues", "randomUUID"]);
    expect("randomUUID" in safe).toBe(true);
    expect(Object.getPrototypeOf(safe)).toBeNull();
  });

  it("shows no whitelisted name that the target lacks", () => {
    const safe = proxy({ a: 1 } as { a: number; b?: number }, { whitelist: ["a", "b"] });
    expect(Reflect.ownKeys(safe)).toEqual(["a"]);
  });

  it("without a whitelist shows the target down to Object.prototype", () => {
    const safe = proxy(new Counter());
    expect(Reflect.ownKeys(safe).sort()).toEqual(["add", "adder", "count", "self", "step"]);
    expect(safe.add(2)).toBe(2);
    expect(Reflect.ownKeys(proxy({}))).toEqual([]);
  });

  it.each(["constructor", "__proto__", "prototype"])("refuses to show %s", (name) => {
    const whitelist = [name] as unknown as "add"[];
    expect(() => proxy(new Counter(), { whitelist })).toThrow(`"${name}" cannot be made visible`);
  });

  it.each<[string, (safe: Pick<Counter, keyof Counter>) => unknown]>([
    ["set", (safe) => Reflect.set(safe, "step", 5)],
    ["set anew", (safe) => Reflect.set(safe, "other", 5)],
    ["overwritten by a function", (safe) => Reflect.set(safe, "add", () => 0)],
    ["defined", (safe) => Reflect.defineProperty(safe, "add", { value: 1 })],
    ["deleted", (safe) => Reflect.deleteProperty(safe, "add")],
    ["given a prototype", (safe) => Reflect.setPrototypeOf(safe, {})],
    ["changed in a function", (safe) => Reflect.set(safe.add, "call", 1)],
  ])("cannot be %s", (_what, attempt) => {
    const target = new Counter();
    const safe = proxy(target);
    expect(attempt(safe)).toBe(false);
    expect(Reflect.ownKeys(target)).toEqual(["step"]);
    expect([safe.step, safe.add(1), target.step]).toEqual([1, 1, 1]);
  });

  it("reads values anew and calls functions on the target, whatever this is", () => {
    const target = new Counter();
    const safe = proxy(target, { whitelist: ["add", "count", "step"] });
    const { add } = safe;
    add.call({ step: 100 });
    target.step = 7;
    expect([safe.count, safe.step, target.count]).toEqual([1, 7, 1]);
    expect(safe.add).toBe(add);
  });

  it("guards a function that takes the place of a value later", () => {
    const target: { handler: ((by: number) => number) | null } = { handler: null };
    const safe = proxy(target, {
      validator: () => {
        throw new Error("Not now");
      },
    });
    target.handler = (by) => by;
    expect(() => safe.handler?.(1)).toThrow("Not now");
  });

  it("does not hand out its target as a result", () => {
    const safe = proxy(new Counter());
    expect(safe.self()).toBe(safe);
  });

  it("asks the validator before each call, also of a function behind a getter", () => {
    const target = new Counter();
    const validator = vi.fn((prop: string, args: readonly unknown[]) => {
      if (Number(args[0]) > 10) throw new Error(`Too much for ${prop}`);
    });
    const safe = proxy(target, { validator });
    expect(safe.add(10)).toBe(10);
    expect(() => safe.add(11)).toThrow("Too much for add");
    expect(() => safe.adder(12)).toThrow("Too much for adder");
    expect(target.count).toBe(10);
    expect(validator.mock.calls).toEqual([
      ["add", [10]],
      ["add", [11]],
      ["adder", [12]],
    ]);
  });

  it("does not depend on what untrusted code can replace", () => {
    const safe = proxy(new Counter(), { whitelist: ["add"] });
    const original = { apply: Reflect.apply, has: Set.prototype.has };
    const stolen = vi.fn();
    Reflect.apply = stolen;
    Set.prototype.has = () => true;
    try {
      expect(safe.add(1)).toBe(1);
      expect(Reflect.get(safe, "self")).toBeUndefined();
    } finally {
      Reflect.apply = original.apply;
      Set.prototype.has = original.has;
    }
    expect(stolen).not.toHaveBeenCalled();
  });
});

describe("lazy, of a synchronous factory", () => {
  it("creates on first use and once", () => {
    const factory = vi.fn(() => new Counter());
    const counter = lazy(factory);
    expect(factory).not.toHaveBeenCalled();
    expect(counter.add(2)).toBe(2);
    expect(counter.count).toBe(2);
    expect(factory).toHaveBeenCalledTimes(1);
  });

  it("behaves like the object", () => {
    const counter: Counter & { other?: number } = lazy(() => new Counter());
    counter.step = 3;
    expect([counter.add(), "step" in counter, "other" in counter]).toEqual([3, true, false]);
    expect(Object.keys(counter)).toEqual(["step"]);
    expect(counter).toBeInstanceOf(Counter);
    Object.defineProperty(counter, "other", { value: 1, configurable: true });
    expect(counter.other).toBe(1);
    expect(delete counter.other).toBe(true);
    expect(counter.other).toBeUndefined();
    expect(Object.isFrozen(lazy(() => Object.freeze({ a: 1 })))).toBe(false);
    expect(Object.keys(lazy(() => Object.freeze({ a: 1 })))).toEqual(["a"]);
    expect(Reflect.preventExtensions(counter)).toBe(false);
  });

  it("keeps the identity, this and properties of functions", () => {
    const library = lazy(() => ({ Counter, on: () => {} }));
    expect(library.on).toBe(library.on);
    expect(new library.Counter().add(1)).toBe(1);
    expect(library.Counter.prototype).toBe(Counter.prototype);
    const { add } = lazy(() => new Counter());
    expect(add.call(new Counter(), 4)).toBe(4);
  });

  it("reports a failure at each use and tries again at the next", () => {
    const factory = vi.fn<() => Counter>(() => new Counter());
    factory.mockImplementationOnce(() => {
      throw new Error("Down");
    });
    factory.mockImplementationOnce(() => {
      throw new Error("Still down");
    });
    const counter = lazy(factory);
    expect(() => counter.count).toThrow("Down");
    expect(() => "count" in counter).toThrow("Still down");
    expect(counter.count).toBe(0);
    expect(factory).toHaveBeenCalledTimes(3);
  });
});

describe("lazy, of an asynchronous factory", () => {
  const database = () => ({
    version: 3,
    users: {
      names: ["Ada", "Bob"],
      async findMany(limit = 2) {
        return this.names.slice(0, limit);
      },
      count() {
        return this.names.length;
      },
    },
    fail(): never {
      throw new Error("No such table");
    },
    nothing: undefined as undefined | { here(): void },
  });

  it("defers paths and calls until the object is there, and creates once", async () => {
    const factory = vi.fn(async () => database());
    const db = lazy(factory);
    expect(factory).not.toHaveBeenCalled();
    const both = [db.users.findMany(1), db.users.count()];
    expect(await Promise.all(both)).toEqual([["Ada"], 2]);
    expect(await db.users.findMany()).toEqual(["Ada", "Bob"]);
    expect(factory).toHaveBeenCalledTimes(1);
  });

  it("gives a property to who awaits it", async () => {
    const db = lazy(async () => database());
    expect(await db.version).toBe(3);
    expect(await db.users.names).toEqual(["Ada", "Bob"]);
  });

  it("is not created by passing through a promise", async () => {
    const factory = vi.fn(async () => database());
    const db = await (async () => lazy(factory))();
    expect(factory).not.toHaveBeenCalled();
    expect(await db.users.count()).toBe(2);
  });

  it("rejects with what the call throws, or why there is none", async () => {
    const db = lazy(async () => database());
    await expect(db.fail()).rejects.toThrow("No such table");
    const wrong = db as unknown as { version(): Promise<void>; nothing: { here(): Promise<void> } };
    await expect(wrong.version()).rejects.toThrow('"version" is not a function');
    await expect(wrong.nothing.here()).rejects.toThrow("here");
  });

  it("reports a failure at each use that met it and tries again at the next", async () => {
    const factory = vi.fn(async () => database());
    factory.mockRejectedValueOnce(new Error("Down"));
    const db = lazy(factory);
    const { users } = db;
    const met = await Promise.allSettled([users.count(), db.users.findMany(), db.fail()]);
    expect(met.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(factory).toHaveBeenCalledTimes(1);
    expect(await users.count()).toBe(2);
    expect(factory).toHaveBeenCalledTimes(2);
  });

  it("leaves no unhandled rejection behind a property that nobody awaits", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const db = lazy(async (): Promise<{ users: object }> => {
      throw new Error("Down");
    });
    void db.users;
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it.each<[string, (db: object) => unknown]>([
    ["in", (db) => "users" in db],
    ["listing keys", (db) => Object.keys(db)],
    ["assigning", (db) => Reflect.set(db, "users", 1)],
    ["deleting", (db) => Reflect.deleteProperty(db, "users")],
    ["defining", (db) => Object.defineProperty(db, "users", { value: 1 })],
  ])("refuses %s, on itself and on a path", (_what, use) => {
    const db = lazy(async () => database());
    expect(() => use(db)).toThrow("created asynchronously");
    expect(() => use(db.users)).toThrow("created asynchronously");
  });
});

describe("inject", () => {
  it("puts a value there for good", () => {
    const globals: Record<string, unknown> = {};
    inject(globals, "API_KEY", "secret");
    expect(Object.getOwnPropertyDescriptor(globals, "API_KEY")).toEqual({
      value: "secret",
      enumerable: true,
      writable: false,
      configurable: false,
    });
    expect(Reflect.set(globals, "API_KEY", 1)).toBe(false);
    expect(Reflect.deleteProperty(globals, "API_KEY")).toBe(false);
    expect(Reflect.defineProperty(globals, "API_KEY", { value: 1 })).toBe(false);
    reset(globals);
    expect(globals).toEqual({ API_KEY: "secret" });
  });

  it("replaces what can be replaced", () => {
    const globals = { crypto: "built in" };
    inject(globals, "crypto", "safe");
    expect(globals.crypto).toBe("safe");
  });

  it.each<[string, (globals: object) => void]>([
    ["injected", (globals) => inject(globals, "a", 1)],
    ["provided", (globals) => provide(globals, { a: 1 })],
  ])("is refused for a name that is already %s", (_what, before) => {
    const globals = {};
    before(globals);
    expect(() => inject(globals, "a", 1)).toThrow('"a" is already injected');
    expect(() => provide(globals, { b: 2, a: 1 })).toThrow('"a" is already injected');
    expect(globals).toEqual({ a: 1 });
  });

  it("is refused where nothing can be defined", () => {
    const message = '"a" cannot be injected';
    expect(() => inject(Object.freeze({ a: 1 }), "a", 2)).toThrow(message);
    expect(() => inject(Object.preventExtensions({}), "a", 2)).toThrow(message);
    expect(() => inject(globalThis, "NaN", 2)).toThrow('"NaN" cannot be injected');
  });

  it("tells objects apart", () => {
    const [one, other] = [{}, {}];
    inject(one, "a", 1);
    inject(other, "a", 2);
    expect([one, other]).toEqual([{ a: 1 }, { a: 2 }]);
  });
});

describe("provide and reset", () => {
  it("put values there, not writable, and take them back but for those to keep", () => {
    const globals: Record<string, unknown> = { own: 0 };
    provide(globals, { crypto: 1, foo: 2, bar: 3 });
    expect(Reflect.set(globals, "foo", 9)).toBe(false);
    expect(globals).toEqual({ own: 0, crypto: 1, foo: 2, bar: 3 });
    reset(globals, ["crypto"]);
    expect(globals).toEqual({ own: 0, crypto: 1 });
    reset(globals);
    expect(globals).toEqual({ own: 0 });
  });

  it("allow a name again after it was taken back", () => {
    const globals = {};
    provide(globals, { foo: 1 });
    reset(globals);
    provide(globals, { foo: 2 });
    expect(globals).toEqual({ foo: 2 });
  });

  it("leave all globals of the language and the host as they were", () => {
    const snapshot = () => Object.getOwnPropertyDescriptors(globalThis);
    // Adds Node 24's own symbols, which it loads when some globals are read.
    snapshot();
    const before = snapshot();
    provide(globalThis, { crypto: "safe", Atomics: "safe", foo: 1 });
    const during = { crypto: globalThis.crypto, foo: Reflect.get(globalThis, "foo") };
    reset(globalThis, ["Math"]);
    expect(during).toEqual({ crypto: "safe", foo: 1 });
    expect(Object.keys(snapshot()).sort()).toEqual(Object.keys(before).sort());
    expect(snapshot()).toEqual(before);
    expect(crypto.randomUUID()).toHaveLength(36);
  });

  it("touch nothing where nothing was provided", () => {
    const globals = { foo: 1 };
    reset(globals);
    expect(globals).toEqual({ foo: 1 });
  });

  it("take back what code redefined or deleted meanwhile", () => {
    const globals: Record<string, unknown> = { foo: "before" };
    provide(globals, { foo: 1, bar: 2 });
    delete globals.foo;
    Object.defineProperty(globals, "bar", { value: "evil", configurable: true });
    reset(globals);
    expect(globals).toEqual({ foo: "before" });
    expect("bar" in globals).toBe(false);
  });

  it("name what code made permanent, after taking back the rest", () => {
    const globals = {};
    provide(globals, { foo: 1, bar: 2 });
    Object.defineProperty(globals, "foo", { configurable: false });
    expect(() => reset(globals)).toThrow('Cannot be removed any more: "foo"');
    expect(globals).toEqual({ foo: 1 });
  });
});
