import { SANDBOX_LEVELS } from "../../base/sandbox-level.ts";
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

/** A level, or the name that another implementation has for something as strict. */
export type Isolator = keyof typeof LEVELS;

/** The level of each type: its own, or the isolator's where that is stricter. */
export function levelFor(isolator: Isolator = "none"): (type: BundledType) => TypeSandbox {
  if (!Object.hasOwn(LEVELS, isolator)) {
    throw new RegistryError(`There is no isolator "${isolator}"`);
  }
  const least = SANDBOX_LEVELS.indexOf(LEVELS[isolator]);
  return ({ sandbox = "none" }) =>
    SANDBOX_LEVELS[Math.max(least, SANDBOX_LEVELS.indexOf(sandbox))] ?? "container";
}
