import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { isByName } from "../../src/resourcex/data/by-name.ts";
import { otherDigest } from "../../src/resourcex/data/digest.ts";
import { parseRXI } from "../../src/resourcex/data/identifier.ts";
import { parseRXL } from "../../src/resourcex/data/locator.ts";
import { type StorableRXL, storableOfRXI, toStorable } from "../../src/resourcex/data/storable.ts";
import { RegistryProblem } from "../errors/registry-problem.ts";
import { type Deleted, notFound, type PublishedResource } from "./published-resources.ts";
import type { ResourceService } from "./resource-service.ts";

/** Names of one tenant that may wait to be looked for, each among all of a domain's resources. */
const turns = new PerTenantQueue(64);

/**
 * Reads a request's locator, of either form.
 *
 * @throws {RegistryProblem} If it is missing.
 * @throws {LocatorError} If it is malformed.
 */
export function requiredLocator(text: unknown): StorableRXL {
  assertGiven(text);
  if (parseRXL(text).name === "") throw new RegistryProblem("INVALID_LOCATOR", "It has no name");
  return toStorable(text);
}

/** Reads a request's locator as one with a tag. A dot in its name is no type's. */
export function requiredTag(text: unknown): StorableRXL {
  assertGiven(text);
  return storableOfRXI(parseRXI(text), text);
}

/**
 * Returns the resource with that locator. Asks no other registry, because a request must not choose
 * addresses.
 *
 * @throws {RegistryProblem} If there is none, or one with another digest.
 */
export async function storedResource(
  { resources }: Pick<ResourceService, "resources">,
  locator: StorableRXL,
  tenant: string,
): Promise<PublishedResource> {
  const own = isByName(locator)
    ? await turns.take(tenant, () => resources.meant(locator))
    : locator;
  return checked(resources, own, locator, tenant);
}

/**
 * Returns the resource that is to be deleted: the very one whose digest was checked.
 *
 * @throws {RegistryProblem} If there is none, or one with another digest.
 */
export async function deletedResource(
  { resources }: Pick<ResourceService, "resources">,
  locator: StorableRXL,
  tenant: string,
): Promise<Deleted> {
  if (!isByName(locator)) return { locator };
  const own = await turns.take(tenant, () => resources.exactly(locator));
  const { fields } = await checked(resources, own, locator, tenant);
  return { locator: own as StorableRXL, fields };
}

async function checked(
  resources: ResourceService["resources"],
  own: StorableRXL | undefined,
  asked: StorableRXL,
  tenant: string,
): Promise<PublishedResource> {
  const found = own && (await resources.get(own));
  if (found === undefined) throw notFound(asked);
  if (asked.digest !== undefined) {
    assertSameDigest(asked.digest, await resources.digest(found, tenant));
  }
  return found;
}

/** Refuses a digest that differs from the one that was asked for, if one was. */
export function assertSameDigest(asked: string | undefined, actual: string): void {
  if (asked === undefined || asked === actual) return;
  throw new RegistryProblem("DIGEST_MISMATCH", otherDigest(asked, actual));
}

function assertGiven(text: unknown): asserts text is string {
  if (typeof text === "string" && text !== "") return;
  throw new RegistryProblem("LOCATOR_REQUIRED", "locator is required");
}
