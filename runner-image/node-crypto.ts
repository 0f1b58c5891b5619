import { apply, isArray } from "./base/primordials.ts";
import { replace } from "./base/replace.ts";
import type { Changes } from "./late-modules.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

const { Buffer } = process.getBuiltinModule("node:buffer");
/** Most bytes that `randomBytes()` makes. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Makes the functions of `node:crypto` that call the global `crypto` do without it. The tool
 * `crypto` is about the global alone.
 */
export function ownCrypto(webCrypto: Crypto): Changes {
  const getRandomValues = webCrypto.getRandomValues.bind(webCrypto);
  const makeUuid = webCrypto.randomUUID.bind(webCrypto);
  return {
    crypto: (module: Anything) => {
      const { randomUUID: original, randomBytes: bytes, randomFill, randomFillSync } = module;
      const { alloc } = Buffer;
      const randomBytes = (size: unknown, callback?: unknown): unknown => {
        const isCalledBack = typeof callback === "function";
        if (!isSize(size) || !(isCalledBack || callback === undefined)) {
          return apply(bytes, module, [size, callback]);
        }
        const buffer = alloc(size);
        return isCalledBack ? void randomFill(buffer, callback) : randomFillSync(buffer);
      };
      replace(module, {
        randomBytes,
        pseudoRandomBytes: randomBytes,
        randomUUID: function randomUUID(options?: Anything): string {
          // The original refuses wrong options with its own errors.
          return isUsual(options) ? makeUuid() : apply(original, module, [options]);
        },
        getRandomValues: (array: never) => getRandomValues(array),
      });
    },
  };
}

/** Tells whether the original takes this number of bytes. */
function isSize(size: unknown): size is number {
  return typeof size === "number" && size >= 0 && size <= MOST_BYTES;
}

function isUsual(options: Anything): boolean {
  if (options === undefined) return true;
  if (typeof options !== "object" || options === null || isArray(options)) return false;
  const cached: unknown = options.disableEntropyCache;
  return cached === undefined || typeof cached === "boolean";
}
