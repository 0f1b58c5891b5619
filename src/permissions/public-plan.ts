import type { Confinement } from "./confinement.ts";
import type { Plan } from "./plan.ts";

/** A plan as callers see it. It contains no path of the host and no value of a variable. */
export interface PublicPlan extends Omit<Plan, "mounts"> {
  /** Mounted paths in the sandbox, read-only. */
  readonly mounts: readonly string[];
  /** Size of the sandbox: megabytes and cores. */
  readonly profile: { readonly memory: number; readonly cpus: number };
  /** Settings of the sandbox's container; `null` where there is none. */
  readonly container: Confinement | null;
  /** Packages that the code would have, and the hash of their lock. Absent if there are none. */
  readonly packages?: {
    readonly lock: string;
    readonly packages: readonly {
      readonly name: string;
      readonly version: string;
      readonly path: string;
    }[];
  };
  /** TypeScript of the global `tools`, by which code calls functions of its caller. Absent without any. */
  readonly dts?: string;
}
