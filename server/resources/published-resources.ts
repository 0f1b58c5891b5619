import { archiveFrom } from "../../src/resourcex/archive/archive.ts";
import type { RXA } from "../../src/resourcex/archive/package.ts";
import { RegistryError } from "../../src/resourcex/base/resourcex-errors.ts";
import { parseRXL, type RXL } from "../../src/resourcex/data/locator.ts";
import { createRXM, type ManifestFields, type RXM } from "../../src/resourcex/data/manifest.ts";
import type { RXR } from "../../src/resourcex/data/resource.ts";
import {
  type StorableRXL,
  storableOf,
  storageSegments,
} from "../../src/resourcex/data/storable.ts";
import { RegistryProblem } from "../errors/registry-problem.ts";
import type { ResourceSearch, Resources } from "../store/contract/resources.ts";
import { MOST_ROWS } from "../store/contract/storage.ts";
import { isOneTooMany } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";

/** Resources published on this server, of all tenants and types. Every client may read them. */
export class PublishedResources {
  readonly #resources: Resources;

  constructor(resources: Resources) {
    this.#resources = resources;
  }

  /**
   * Returns a resource, or `undefined` if it does not exist. Reads the archive at its first use.
   */
  async get(locator: StorableRXL): Promise<RXR | undefined> {
    const key = keyOf(locator);
    const row = await this.#resources.get(key);
    if (row === undefined) return undefined;
    const archive = archiveFrom(async () => {
      const bytes = await this.#resources.archive(key);
      if (bytes === undefined) throw new RegistryError(`Resource not found: ${locator}`);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    });
    const manifest = createRXM(row.manifest as ManifestFields);
    return { locator: parseRXL(manifest.toLocator()), manifest, archive };
  }

  /**
   * Publishes a version and returns its locator.
   *
   * @throws {RegistryProblem} If it exists, or if its domain belongs to another tenant.
   */
  async publish({ tenant, limits }: Caller, manifest: RXM, archive: RXA): Promise<string> {
    const locator = storableOf(manifest);
    const key = keyOf(locator);
    const resource = {
      locator: key,
      domain: locator.domain.toLowerCase(),
      manifest: manifest.toJSON(),
      archive: await archive.buffer(),
    };
    const published = await this.#resources
      .publish(tenant.id, resource, limits.storage)
      .catch(refused);
    if (published === "exists") {
      throw new RegistryProblem("VERSION_EXISTS", `${key} is already published`);
    }
    if (published === "forbidden") throw forbidden(locator);
    return String(locator);
  }

  /**
   * Deletes a resource.
   *
   * @throws {RegistryProblem} If it does not exist, or belongs to another tenant's domain.
   */
  async delete(tenant: string, locator: StorableRXL): Promise<void> {
    const deleted = await this.#resources.delete(tenant, keyOf(locator));
    if (deleted === "forbidden") throw forbidden(locator);
    if (deleted === "missing") {
      throw new RegistryProblem("RESOURCE_NOT_FOUND", `Resource not found: ${locator}`);
    }
  }

  /** Returns a page of the matching locators, sorted by their text, and their total. */
  async search(query: ResourceSearch): Promise<{ locators: RXL[]; total: number }> {
    const { locators, total } = await this.#resources.search(query);
    return { locators: locators.map(parseRXL), total };
  }
}

/** Makes one text for all spellings of a locator, with or without its version. */
function keyOf(locator: StorableRXL): string {
  const segments = storageSegments(locator);
  return `${segments.slice(0, -1).join("/")}@${segments.at(-1)}`;
}

function forbidden({ domain }: StorableRXL): RegistryProblem {
  return new RegistryProblem("DOMAIN_FORBIDDEN", `The domain ${domain} is another tenant's`);
}

function refused(error: unknown): never {
  if (isOneTooMany(error, "resources")) {
    const message = `There are ${MOST_ROWS.resources} resources of this tenant; delete one first`;
    throw new RegistryProblem("RESOURCES_LIMIT", message);
  }
  if (isOneTooMany(error, "domains")) {
    const message = `This tenant has ${MOST_ROWS.domains} domains, which is as many as one may have`;
    throw new RegistryProblem("DOMAINS_LIMIT", message);
  }
  throw error;
}
