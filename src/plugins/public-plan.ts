import type { Engine } from "../engines/contract/contract.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import type { Context } from "./plugin.ts";

/** Returns the plan of a loaded execution in its public form, with the confinement at its level. */
export function publicPlan(
  { plan, profile, tools }: Context,
  engines: readonly Engine[],
): PublicPlan {
  const { memory, cpus } = profile;
  const engine = engines.find(({ level }) => level === plan.level);
  return {
    ...plan,
    // The plan itself knows only those that need permissions.
    tools: tools.map(({ name }) => name).sort(),
    mounts: plan.mounts.map(({ target }) => target),
    profile: { memory, cpus },
    container: engine?.confinement?.(profile) ?? null,
  };
}
