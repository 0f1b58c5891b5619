import { RegistryError } from "../base/resourcex-errors.ts";
import type { BundledType, TypeSandbox } from "./type.ts";

const LEVELS = {
  none: "none",
  isolated: "isolated",
  container: "container",
  srt: "isolated",
  cloudflare: "container",
  e2b: "container",
} as const satisfies Record<string, TypeSandbox>;

const STRICTNESS: readonly TypeSandbox[] = ["none", "isolated", "container"];

/** A level, or the name that another implementation has for something as strict. */
export type Isolator = keyof typeof LEVELS;

/** The level of each type: its own, or the isolator's where that is stricter. */
export function levelFor(isolator: Isolator = "none"): (type: BundledType) => TypeSandbox {
  if (!Object.hasOwn(LEVELS, isolator)) {
    throw new RegistryError(`There is no isolator "${isolator}"`);
  }
  const least = STRICTNESS.indexOf(LEVELS[isolator]);
  return ({ sandbox = "none" }) =>
    STRICTNESS[Math.max(least, STRICTNESS.indexOf(sandbox))] ?? "container";
}
