import { TenantLimit } from "../base/errors.ts";
import { allows, mostReuse } from "../base/reuse-mode.ts";
import { roundMemory } from "../base/round-memory.ts";
import { shorten } from "../base/shorten.ts";
import type { Tenant } from "../request/tenant.ts";
import type { ValidRequest } from "../request/types.ts";
import { nameOfTool } from "../tools/registry.ts";

/**
 * Checks a request against the limits of its tenant.
 *
 * @throws {TenantLimit} for the first field that exceeds one.
 */
export function assertWithin(request: ValidRequest, tenant: Tenant): void {
  const { timeout, memory, sandbox, reuse, tools } = request;
  const { maxTimeout, maxMemory } = tenant;
  if (maxTimeout !== undefined && timeout > maxTimeout) {
    refuse("timeout", `${timeout} ms exceed this tenant's limit of ${maxTimeout} ms`);
  }
  // Both are rounded up to the same multiple for a sandbox.
  if (maxMemory !== undefined && memory > roundMemory(maxMemory)) {
    refuse("memory", `${memory} MB exceed this tenant's limit of ${maxMemory} MB`);
  }
  if (tenant.sandbox !== undefined && !tenant.sandbox.includes(sandbox)) {
    refuse(
      "sandbox",
      `This tenant may not have "${sandbox}"; it may have ${listed(tenant.sandbox)}`,
    );
  }
  const most = mostReuse(tenant.reuse);
  if (!allows(most, reuse)) {
    const instead = most === "never" ? "" : `; it may have "${most}"`;
    refuse("reuse", `This tenant may not have "${reuse}"${instead}`);
  }
  const allowed = tenant.tools?.map(nameOfTool);
  const beyond = tools.findIndex((name) => allowed?.includes(nameOfTool(name)) === false);
  if (beyond !== -1) {
    const tool = shorten(tools[beyond] ?? "");
    const usable = listed(tenant.tools ?? []);
    refuse(`tools[${beyond}]`, `This tenant may not use "${tool}"; it may use ${usable}`);
  }
}

function refuse(field: string, reason: string): never {
  throw new TenantLimit(field, `${field}: ${reason}`);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
