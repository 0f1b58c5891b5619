import { parseRXL } from "../../src/resourcex/data/locator.ts";
import type { RXR } from "../../src/resourcex/data/resource.ts";
import { type StorableRXL, toStorable } from "../../src/resourcex/data/storable.ts";
import { RegistryProblem } from "../errors/registry-problem.ts";
import type { ResourceService } from "./resource-service.ts";

/** The locator of a request. Throws `RegistryProblem`, and `LocatorError` for one that is no good. */
export function requiredLocator(text: unknown): StorableRXL {
  if (typeof text !== "string" || text === "") {
    throw new RegistryProblem("LOCATOR_REQUIRED", "locator is required");
  }
  if (parseRXL(text).name === "") throw new RegistryProblem("INVALID_LOCATOR", "It has no name");
  return toStorable(text);
}

/** The resource of that locator. Nothing is asked for elsewhere: a request decides on no address. */
export async function storedResource(
  resourceService: ResourceService,
  locator: StorableRXL,
): Promise<RXR> {
  const found = await resourceService.resources.get(locator);
  if (found !== undefined) return found;
  throw new RegistryProblem("RESOURCE_NOT_FOUND", `Resource not found: ${locator}`);
}
