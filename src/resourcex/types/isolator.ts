import { SANDBOX_LEVELS } from "../../base/sandbox-level.ts";
import { RegistryError } from "../base/resourcex-errors.ts";
import type { BundledType, SandboxType } from "./type.ts";

const LEVELS = {
  none: "none",
  isolated: "isolated",
  container: "container",
  srt: "isolated",
  cloudflare: "container",
  e2b: "container",
} as const satisfies Record<string, SandboxType>;

/** A level, or another implementation's name for an equally strict one. */
export type Isolator = keyof typeof LEVELS;

/** Makes the function that returns a type's level: the stricter of its own and the isolator's. */
export function levelFor(isolator: Isolator = "none"): (type: BundledType) => SandboxType {
  if (!Object.hasOwn(LEVELS, isolator)) {
    throw new RegistryError(`There is no isolator "${isolator}"`);
  }
  const least = SANDBOX_LEVELS.indexOf(LEVELS[isolator]);
  return ({ sandbox = "none" }) =>
    SANDBOX_LEVELS[Math.max(least, SANDBOX_LEVELS.indexOf(sandbox))] ?? "container";
}
