import type { Context } from "../plugins/plugin.ts";
import type { Plan } from "./plan.ts";

/** A plan as callers see it: no path of the host's and no value of a variable is in there. */
export interface PublicPlan extends Omit<Plan, "mounts"> {
  /** Paths in the sandbox that are mounted, read-only. */
  readonly mounts: readonly string[];
  /** The sandbox itself: megabytes and cores. */
  readonly profile: { readonly memory: number; readonly cpus: number };
}

/** What a loaded execution would get. */
export function publicPlan({ plan, profile: { memory, cpus } }: Context): PublicPlan {
  return { ...plan, mounts: plan.mounts.map(({ target }) => target), profile: { memory, cpus } };
}
