import { declarationOf } from "../calls/declaration.ts";
import type { Engine } from "../engines/contract/contract.ts";
import type { Lock } from "../packages/types.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import type { Context } from "./plugin.ts";

/** Returns the plan of a loaded execution in its public form, with the confinement at its level. */
export function publicPlan(
  { plan, profile, tools, request: { functions } }: Context,
  engines: readonly Engine[],
  lock?: Lock,
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
    ...(lock && { packages: planned(lock) }),
    ...(functions && { dts: declarationOf(functions) }),
  };
}

function planned({ hash, packages }: Lock): NonNullable<PublicPlan["packages"]> {
  const list = packages.map(({ name, version, path }) => ({ name, version, path }));
  return { lock: hash, packages: list };
}
