import { createObject, least, toNumber } from "../base/primordials.ts";
import { define } from "./lists.ts";
import type { InspectOptions } from "./native.ts";

/** Items and characters that an option may ask for. A message has room for no more. */
const MOST = 65_536;

/** Options that are a number of things to show. The runtime takes some of them under two names. */
const AMOUNTS = ["maxArrayLength", "iterableLimit", "maxStringLength", "strAbbreviateSize"];
const OTHERS = [
  "breakLength",
  "colors",
  "compact",
  "customInspect",
  "depth",
  "escapeSequences",
  "getters",
  "numericSeparator",
  "showHidden",
  "showProxy",
  "sorted",
  "trailingComma",
];

/** Copies the options of `console.dir`, each read once, and none above the bounds. */
export function boundedOptions(options: InspectOptions | null | undefined): InspectOptions {
  const own = createObject(null) as InspectOptions;
  if (typeof options !== "object" || options === null) return own;
  for (let i = 0; i < OTHERS.length; i += 1) {
    const name = OTHERS[i] as string;
    const value = options[name];
    if (value !== undefined) define(own, name, value);
  }
  for (let i = 0; i < AMOUNTS.length; i += 1) {
    const name = AMOUNTS[i] as string;
    const value = options[name];
    if (value === undefined) continue;
    const amount = value === null ? MOST : toNumber(value);
    define(own, name, amount >= 0 ? least(amount, MOST) : MOST);
  }
  return own;
}
