import { proxy } from "./proxy.ts";

/** Settings of the crypto tool, from the operator. */
export interface CryptoConfig {
  /** True if `crypto.subtle` exists. */
  readonly subtle: boolean;
  /** Bytes that `getRandomValues()` fills at once. */
  readonly limit: number;
  /** Methods that exist. */
  readonly methods: readonly ("getRandomValues" | "randomUUID")[];
}

const MAX_OPERATIONS = 1_000;
const METHODS = ["getRandomValues", "randomUUID"] as const;

// Captured before the global is removed.
const native = crypto;

/** Creates the crypto tool: the Web Crypto API with a list of methods, a count and a size limit. */
export function createCrypto({ subtle, limit, methods }: CryptoConfig): object {
  let operations = 0;
  function count(): void {
    operations += 1;
    if (operations > MAX_OPERATIONS) {
      throw new Error(`The crypto tool allows ${MAX_OPERATIONS} operations in one execution`);
    }
  }
  const random = proxy(native, {
    whitelist: methods,
    validator(name, args) {
      count();
      const size = (args[0] as ArrayBufferView | undefined)?.byteLength ?? 0;
      if (name === "getRandomValues" && size > limit) {
        throw new Error(`The crypto tool fills ${limit} bytes at once, not ${size}`);
      }
    },
  });
  const view: Record<string, unknown> = { ...random };
  for (const name of METHODS) view[name] ??= () => notThere(name);
  Object.defineProperty(view, "subtle", {
    enumerable: subtle,
    ...(subtle
      ? { value: proxy(native.subtle, { validator: count }) }
      : { get: () => notThere("subtle") }),
  });
  return Object.freeze(view);
}

function notThere(name: string): never {
  throw new Error(`crypto.${name} is switched off on this host`);
}
