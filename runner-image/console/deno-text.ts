import { defineProperty, sliceText } from "../base/primordials.ts";
import type { InspectOptions, NativeText } from "./native.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/**
 * Characters that one level of indentation may get before the runtime shows only names. It counts
 * them itself, in an option, and stops at `RUNTIME_BUDGET`.
 */
const BUDGET = 131_072;
const RUNTIME_BUDGET = 2 ** 27;
/** Indentations that have a budget; each level of a value adds two. */
const INDENTATIONS = 64;

/** Takes the runtime's own conversion. Called before its internals are closed to code. */
export function takeDenoText(): NativeText {
  const { Deno } = globalThis as Anything;
  const { Console, core, inspectArgs } = Deno[Deno.internal];
  const { getProxyDetails, isArgumentsObject, isBoxedPrimitive, isNativeError, isProxy } = core;
  let printed = "";
  const tables = new Console((text: string) => {
    printed += text;
  });
  const { table } = tables;
  return {
    depth: 4,
    format: (args, options) =>
      inspectArgs(args, { __proto__: null, colors: false, ...options, budget: budget() }),
    table(data, columns) {
      // The text of an object in the table may print a table itself.
      const outer = printed;
      printed = "";
      table(data, columns);
      const text = withoutNewline(printed);
      printed = outer;
      return text;
    },
    isProxy,
    targetOf: (proxy) => targetOf(getProxyDetails(proxy)),
    isArguments: isArgumentsObject,
    isBoxed: isBoxedPrimitive,
    isError: isNativeError,
  };
}

/** Makes what the runtime counts in: it writes to the object. */
function budget(): InspectOptions {
  const used = { __proto__: null } as unknown as InspectOptions;
  for (let i = 0; i <= INDENTATIONS; i += 1) {
    defineProperty(used, i, {
      __proto__: null,
      value: RUNTIME_BUDGET - BUDGET,
      writable: true,
      enumerable: true,
      configurable: true,
    } as PropertyDescriptor);
  }
  return used;
}

function targetOf(details: unknown): object | undefined {
  const target: unknown = (details as { 0?: unknown } | null)?.[0];
  return typeof target === "object" || typeof target === "function"
    ? (target ?? undefined)
    : undefined;
}

function withoutNewline(text: string): string {
  // Each line of the runtime's console ends with one.
  return sliceText(text, 0, -1);
}
