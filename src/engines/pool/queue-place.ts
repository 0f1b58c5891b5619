import { HostBusy, type IsolateError, TenantBusy } from "../../base/errors.ts";
import type { Waiter } from "./waiters.ts";

/**
 * Makes a place in a full queue for a request of `tenant`, by refusing the waiter of another one.
 * Returns the error of the request if there is no such waiter. `tenants` is their number.
 */
export function makePlace(
  all: readonly Waiter[],
  tenant: string,
  tenants: number,
): IsolateError | undefined {
  const last = evictionCandidate(all, tenant);
  last?.reject(tenantBusy());
  if (last !== undefined) return undefined;
  const hasSome = tenants > 1 && all.some((waiter) => waiter.tenant === tenant);
  return hasSome ? tenantBusy() : hostBusy();
}

/**
 * Returns the waiter that has to leave a full queue for a new one of `tenant`. It is the last to
 * come of the tenant with the most waiters. Returns `undefined` if the new tenant would then have
 * as many.
 */
function evictionCandidate(all: readonly Waiter[], tenant: string): Waiter | undefined {
  const counts = new Map<string, number>();
  for (const { tenant } of all) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  const most = Math.max(...counts.values());
  if ((counts.get(tenant) ?? 0) + 1 >= most) return undefined;
  return all
    .filter((waiter) => counts.get(waiter.tenant) === most)
    .reduce((last, waiter) => (waiter.since > last.since ? waiter : last));
}

function hostBusy(): HostBusy {
  return new HostBusy("Every sandbox is in use and the queue is full");
}

function tenantBusy(): TenantBusy {
  return new TenantBusy("The queue is full, and others wait for fewer sandboxes than this tenant");
}
