import { apply, defineProperty } from "./base/primordials.ts";

const { NotSupported } = Deno.errors;

/**
 * Refuses sockets to the host of a virtual machine. They belong to no network namespace, so seccomp
 * refuses them, and the runtime ends its whole process for that. Seen with Deno 2.9.6.
 */
export function refuseVsock(): void {
  for (const name of ["connect", "listen"]) {
    const original = Reflect.get(Deno, name);
    const guarded = function (this: unknown, ...args: unknown[]): unknown {
      const options = args[0] as { readonly transport?: unknown } | null | undefined;
      if (options === null || typeof options !== "object") return apply(original, this, args);
      // Read once: a getter could return something else the next time.
      const asked = { ...options };
      if (asked.transport === "vsock") {
        throw new NotSupported("There are no vsock sockets in a sandbox");
      }
      return apply(original, this, [asked]);
    };
    defineProperty(guarded, "name", { value: name });
    defineProperty(Deno, name, {
      value: guarded,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}
