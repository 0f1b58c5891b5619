import type { TenantPackages } from "../../request/tenant.ts";
import type { OwnedPolicy } from "../types.ts";

type Rules = TenantPackages;

/** Rules of the operator and of a tenant, each as strict as the stricter one. */
export interface PackageRules {
  readonly policies: readonly OwnedPolicy[];
  readonly advisories: NonNullable<Rules["advisories"]>;
  readonly execute: NonNullable<Rules["execute"]>;
}

const ADVISORIES = ["off", "warn", "refuse"] as const;
const EXECUTE = ["any", "prepared", "none"] as const;

/** Joins the rules of the operator and a tenant. Both must allow a package. */
export function packageRulesOf(operator: Rules, tenant: Rules = {}): PackageRules {
  return {
    policies: [policyOf("server", operator), policyOf("tenant", tenant)],
    advisories: stricter(ADVISORIES, operator.advisories, tenant.advisories),
    execute: stricter(EXECUTE, operator.execute, tenant.execute),
  };
}

function policyOf(of: string, { allow, deny, minimumAge }: Rules): OwnedPolicy {
  return { of, allow, deny, minimumAge };
}

/** Returns the later of two values in an order that begins with the default. */
function stricter<T extends string>(
  order: readonly [T, ...T[]],
  ...given: readonly (T | undefined)[]
): T {
  const places = given.map((each) => (each === undefined ? 0 : order.indexOf(each)));
  return order[Math.max(...places)] ?? order[0];
}
