import type { Confinement } from "../engines/confinement.ts";
import type { Engine } from "../engines/engine.ts";
import type { Context } from "../plugins/plugin.ts";
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

/** What a loaded execution would get from the engine of its level. */
export function publicPlan({ plan, profile }: Context, engines: readonly Engine[]): PublicPlan {
  const { memory, cpus } = profile;
  const engine = engines.find(({ level }) => level === plan.level);
  return {
    ...plan,
    mounts: plan.mounts.map(({ target }) => target),
    profile: { memory, cpus },
    container: engine?.confinement?.(profile) ?? null,
  };
}
