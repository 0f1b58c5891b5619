import { BadRequest } from "../../src/base/errors.ts";
import { LocatorError } from "../../src/resourcex/base/resourcex-errors.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { HttpProblem } from "../errors/problem.ts";
import { RegistryProblem } from "../errors/registry-problem.ts";
import { requiredLocator, storedResource } from "./locators.ts";
import type { ResourceService } from "./resource-service.ts";

/** A type by its name, or the resource whose type is meant. */
export type TypeName = { readonly type: string } | { readonly locator: string };

/**
 * Finds a tenant's type for a route outside of the registry.
 *
 * @throws {BadRequest} For a malformed locator or an unknown type.
 * @throws {HttpProblem} 404 if there is no such resource.
 */
export async function namedType(
  service: ResourceService | undefined,
  tenant: string,
  name: TypeName,
): Promise<BundledType> {
  const field = "type" in name ? "type" : "locator";
  if (service === undefined) throw new BadRequest(field, `${field}: This host has no registry`);
  try {
    const type = "type" in name ? name.type : await typeOf(service, name.locator, tenant);
    return (await service.types.get(tenant, type)).type;
  } catch (error) {
    if (!(error instanceof RegistryProblem || error instanceof LocatorError)) throw error;
    const message = `${field}: ${error.message}`;
    if (error instanceof RegistryProblem && error.code === "RESOURCE_NOT_FOUND") {
      throw new HttpProblem(404, "NotFound", "NOT_FOUND", message, { field });
    }
    throw new BadRequest(field, message);
  }
}

async function typeOf(service: ResourceService, locator: string, tenant: string): Promise<string> {
  return (await storedResource(service, requiredLocator(locator), tenant)).manifest.type;
}
