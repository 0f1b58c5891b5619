import type { ListName } from "../../src/permissions/perms.ts";
import {
  type OperatorPolicy,
  type Plan,
  type PlanInput,
  plan,
} from "../../src/permissions/plan.ts";

/** An operator who allows some elements of each list. */
export const operator: OperatorPolicy = {
  mounts: { "/data": "/srv/data", "/data/deep": "/srv/deep", "/same": "/same", "/run/x": "/run/x" },
  env: ["TOKEN", "_A1"],
  wildcards: false,
  isolatedNet: false,
  strict: false,
};

type Options = Partial<Omit<PlanInput, "operator">> & Partial<OperatorPolicy>;

/** Makes a plan for `requested`, by default in a container of that operator. */
export function planned(requested: unknown, options: Options = {}): Plan {
  const { level = "container", tools = [], ceiling, tenantCeiling, ...policy } = options;
  const limits = { ceiling, tenantCeiling };
  return plan({ level, requested, tools, ...limits, operator: { ...operator, ...policy } });
}

/**
 * Returns the result of a request for one element: its granted spelling, or the kind of its
 * refusal.
 */
export function outcome(name: ListName, value: string, options: Options = {}): string {
  const { permissions, refusals } = planned({ [name]: [value] }, options);
  return refusals[0]?.kind ?? permissions[name].join();
}
