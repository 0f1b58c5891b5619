import { FLAG_PROBES } from "../../doctor/flag-probes.ts";
import { LIMIT_PROBES } from "../../doctor/limit-probes.ts";
import type { Probe } from "../../doctor/probe.ts";

/** Finds the probe of a flag in `isolate doctor`. */
export function probe(flag: string): Probe {
  const found = [...FLAG_PROBES, ...LIMIT_PROBES].find((one) => one.flag === flag);
  if (found === undefined) throw new Error(`There is no probe of ${flag}`);
  return found;
}
