import { apply, construct, defineProperty, NativePromise, NativeURL } from "./base/primordials.ts";

type Args = ArrayLike<unknown>;

const DATA = { writable: true, enumerable: false, configurable: true } as const;

/**
 * Takes the address of the worker's own file from code, as a program of plain Deno has none. It is a
 * path of the host. Without an address, a relative URL is an error. The runtime would complete it by
 * that path. User code may replace all of this, so it is no protection.
 */
export function leavePage(): void {
  defineProperty(globalThis, "location", { ...DATA, value: undefined });
  const { fetch, Request, EventSource, Response } = globalThis;
  const called = {
    __proto__: null,
    apply(target: object, self: unknown, args: Args) {
      refuseRelative(args[0]);
      return apply(target as never, self, args as never);
    },
  } as ProxyHandler<never>;
  const asked = {
    __proto__: null,
    apply(target: object, self: unknown, args: Args) {
      try {
        refuseRelative(args[0]);
      } catch (thrown) {
        return new NativePromise((_, reject) => reject(thrown));
      }
      return apply(target as never, self, args as never);
    },
  } as ProxyHandler<never>;
  const made = {
    __proto__: null,
    construct(target: object, args: Args, newTarget: object) {
      refuseRelative(args[0]);
      return construct(target as never, args as never, newTarget as never);
    },
  } as ProxyHandler<never>;
  defineProperty(Response, "redirect", {
    ...DATA,
    enumerable: true,
    value: new Proxy(Response.redirect as never, called),
  });
  defineProperty(globalThis, "fetch", {
    ...DATA,
    enumerable: true,
    value: new Proxy(fetch as never, asked),
  });
  for (const [name, native] of Object.entries({ Request, EventSource })) {
    const value = new Proxy(native as never, made);
    defineProperty(native.prototype, "constructor", { ...DATA, value });
    defineProperty(globalThis, name, { ...DATA, value });
  }
}

/** Throws as for a URL that cannot be read. A value that is no text may be read once alone. */
function refuseRelative(url: unknown): void {
  if (typeof url === "string") new NativeURL(url);
}
