import type { Sandbox } from "../contract/contract.ts";
import type { KeptSandboxes } from "./kept-sandboxes.ts";
import type { PreparedSandboxes } from "./prepared-sandboxes.ts";
import type { Shares } from "./shares.ts";
import type { ProfileSandboxes, WarmSandboxes } from "./warm-sandboxes.ts";

/** Idle sandboxes of a pool, and what decides whose they are. */
export interface IdleSandboxes {
  readonly warmSandboxes: WarmSandboxes;
  readonly kept: KeptSandboxes;
  readonly prepared: PreparedSandboxes;
  readonly shares: Shares;
  /** Number of requests that wait for a start. */
  readonly inNeed: number;
  /** Number of sandboxes that are about to make room already. */
  readonly retiring: number;
  /** Tells whether a tenant may have a warm sandbox of a profile. */
  mayTake(profileSandboxes: ProfileSandboxes, tenant: string): boolean;
}

/** Removes and returns an idle sandbox that is needed less than another one of a profile. */
export function takeSpareFor(
  profileSandboxes: ProfileSandboxes,
  { warmSandboxes, kept, prepared, shares, inNeed, retiring, mayTake }: IdleSandboxes,
): Sandbox | undefined {
  const { waiting, warm, starting } = profileSandboxes;
  const first = waiting.next();
  // A prepared one gives way to the last one that anybody can use, too.
  const needed = first ? inNeed : Number(warm.length + starting === 0);
  if (needed <= retiring) return undefined;
  const unneeded = prepared.takeFor(first?.tenant);
  if (unneeded !== undefined || first === undefined) return unneeded;
  const { tenant } = first;
  return (
    kept.takeFor(tenant, shares) ??
    warmSandboxes.oldestWarmBeside(profileSandboxes, (other) => mayTake(other, tenant))
  );
}
