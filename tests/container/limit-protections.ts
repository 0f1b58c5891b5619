import { probe } from "./find-probe.ts";
import type { Adjustment, Protection } from "./probe-sandbox.ts";

const withoutUlimit =
  (name: string): Adjustment =>
  (host) => {
    host.Ulimits = (host.Ulimits ?? []).filter((limit) => limit.Name !== name);
  };

/** Protections by flags that limit the resources of a sandbox. */
export const LIMIT_PROTECTIONS: readonly Protection[] = [
  {
    ...probe("Memory"),
    removed: { megabytes: 400 },
    // The engine refuses one without the other.
    weaken: (host) => {
      delete host.Memory;
      delete host.MemorySwap;
    },
  },
  {
    ...probe("MemorySwap"),
    removed: { swap: 256 * 1_048_576 },
    weaken: (host) => delete host.MemorySwap,
  },
  {
    ...probe("NanoCpus"),
    removed: { heldBack: false },
    weaken: (host) => delete host.NanoCpus,
  },
  {
    ...probe("PidsLimit"),
    removed: { threads: 500 },
    weaken: (host) => delete host.PidsLimit,
  },
  {
    ...probe("Ulimits nofile"),
    removed: { opened: "ok" },
    weaken: withoutUlimit("nofile"),
  },
  {
    ...probe("Ulimits fsize"),
    removed: { within: 0, beyond: 0 },
    weaken: withoutUlimit("fsize"),
  },
  {
    ...probe("Ulimits core"),
    removed: { allowedItself: 0 },
    weaken: withoutUlimit("core"),
  },
];
