import { parseRXL } from "../../src/resourcex/data/locator.ts";
import type { RXR } from "../../src/resourcex/data/resource.ts";
import { type StorableRXL, toStorable } from "../../src/resourcex/data/storable.ts";
import { RegistryProblem } from "../errors/registry-problem.ts";
import type { ResourceService } from "./resource-service.ts";

/**
 * Reads a request's locator.
 *
 * @throws {RegistryProblem} If it is missing.
 * @throws {LocatorError} If it is malformed.
 */
export function requiredLocator(text: unknown): StorableRXL {
  if (typeof text !== "string" || text === "") {
    throw new RegistryProblem("LOCATOR_REQUIRED", "locator is required");
  }
  if (parseRXL(text).name === "") throw new RegistryProblem("INVALID_LOCATOR", "It has no name");
  return toStorable(text);
}

/**
 * Returns the resource with that locator. Asks no other registry, because a request must not choose
 * addresses.
 */
export async function storedResource(
  resourceService: ResourceService,
  locator: StorableRXL,
): Promise<RXR> {
  const found = await resourceService.resources.get(locator);
  if (found !== undefined) return found;
  throw new RegistryProblem("RESOURCE_NOT_FOUND", `Resource not found: ${locator}`);
}
