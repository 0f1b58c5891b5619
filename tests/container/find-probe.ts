import { FLAG_PROBES } from "../../doctor/flag-probes.ts";
import { LIMIT_PROBES } from "../../doctor/limit-probes.ts";
import type { Probe } from "../../doctor/probe.ts";
import { type Adjustment, asRoot } from "./probe-sandbox.ts";

/** Finds the probe of a flag in `isolate doctor`. One for root is given root here, too. */
export function probe(flag: string): Probe & { readonly given?: Adjustment } {
  const found = [...FLAG_PROBES, ...LIMIT_PROBES].find((one) => one.flag === flag);
  if (found === undefined) throw new Error(`There is no probe of ${flag}`);
  return found.root ? { ...found, given: asRoot } : found;
}
