import type { Confinement } from "./confinement.ts";
import type { Plan } from "./plan.ts";

/** A plan as callers see it: no path of the host's and no value of a variable is in there. */
export interface PublicPlan extends Omit<Plan, "mounts"> {
  /** Paths in the sandbox that are mounted, read-only. */
  readonly mounts: readonly string[];
  /** The sandbox itself: megabytes and cores. */
  readonly profile: { readonly memory: number; readonly cpus: number };
  /** What the sandbox's container is created with; `null` where there is none. */
  readonly container: Confinement | null;
}
