import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { meansNewest, onlyOne } from "../../src/resourcex/data/by-name.ts";
import { isDigest, LATEST } from "../../src/resourcex/data/identifier.ts";
import { parseRXL, type RXL } from "../../src/resourcex/data/locator.ts";
import { createRXM, type ManifestFields, type RXM } from "../../src/resourcex/data/manifest.ts";
import {
  type StorableRXL,
  storableOf,
  storageSegments,
  toStorable,
} from "../../src/resourcex/data/storable.ts";
import { RegistryProblem } from "../errors/registry-problem.ts";
import type { ResourceSearch, Resources } from "../store/contract/resources.ts";
import { MOST_ROWS } from "../store/contract/storage.ts";
import { isOneTooMany } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";
import { TenantSuspended } from "../tenants/suspended.ts";
import { checkedDigest } from "./archive-checks.ts";

/** Archives of one tenant that may wait to be read: those of as many executions as may wait. */
const reads = new PerTenantQueue(256);

/** A resource in the store. */
export interface PublishedResource {
  readonly manifest: RXM;
  /** Manifest as stored, for the store. */
  readonly fields: object;
  /** Digest of its files; absent if it was published before digests were stored. */
  readonly digest?: string;
  /** Size of its archive. */
  readonly archiveBytes: number;
  /**
   * Reads the archive for a tenant, in its turn, anew each time. The store handles one query after
   * another, so a tenant's many archives would delay all others. `reserve` is called with the size
   * before, and may throw.
   *
   * @throws {RegistryProblem} If it has been deleted, even if another one has its locator.
   */
  read(tenant: string, reserve?: (bytes: number) => void): Promise<Buffer<ArrayBuffer>>;
}

/** A resource that is to be deleted. */
export interface Deleted {
  readonly locator: StorableRXL;
  /** Stored manifest of the one that is meant. Default: any. */
  readonly fields?: object;
}

/** An archive that has been unpacked once. */
export interface CheckedArchive {
  readonly bytes: Buffer;
  readonly digest: string;
}

/** Resources published on this server, of all tenants and types. Every client may read them. */
export class PublishedResources {
  readonly #resources: Resources;

  constructor(resources: Resources) {
    this.#resources = resources;
  }

  /**
   * Returns a resource without its archive, or `undefined` if it does not exist.
   *
   * @throws {TenantSuspended} If its tenant is.
   */
  async get(locator: StorableRXL): Promise<PublishedResource | undefined> {
    const key = keyOf(locator);
    const row = await this.#resources.get(key);
    if (row === undefined) return undefined;
    if (row.isSuspended) throw new TenantSuspended();
    const { archiveBytes, manifest: fields } = row;
    const read: PublishedResource["read"] = (tenant, reserve) =>
      reads.take(tenant, async () => {
        reserve?.(archiveBytes);
        const bytes = await this.#resources.archive(row);
        if (bytes === undefined) throw notFound(locator);
        return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
      });
    const manifest = createRXM(fields as ManifestFields);
    const { digest } = fields as { readonly digest?: unknown };
    const known = isDigest(digest) ? { digest } : {};
    return { manifest, fields, archiveBytes, read, ...known };
  }

  /** Returns a resource's digest. Unpacks the archive for that tenant if it is not stored. */
  async digest({ digest, read }: PublishedResource, tenant: string): Promise<string> {
    return digest ?? checkedDigest(() => read(tenant), tenant);
  }

  /**
   * Returns what a locator without a type means. Without a tag, that is the newest version.
   *
   * @throws {LocatorError} If several types have that name and version.
   */
  async meant(asked: StorableRXL): Promise<StorableRXL | undefined> {
    if (!meansNewest(asked)) return this.exactly(asked);
    const [newest] = await this.#resources.named({ ...nameOf(asked), limit: 1 });
    const { version } = newest === undefined ? {} : parseRXL(newest);
    return version === undefined ? undefined : this.#only(asked, version);
  }

  /** Returns what `meant()` does, but takes a tag that is left out for the version `latest`. */
  exactly(asked: StorableRXL): Promise<StorableRXL | undefined> {
    return this.#only(asked, asked.version ?? LATEST);
  }

  /**
   * Publishes a version and returns its locator.
   *
   * @throws {RegistryProblem} If it exists, or if its domain belongs to another tenant.
   */
  async publish(
    { tenant, limits }: Caller,
    manifest: RXM,
    { bytes, digest }: CheckedArchive,
  ): Promise<string> {
    const locator = storableOf(manifest);
    const key = keyOf(locator);
    const resource = {
      locator: key,
      domain: locator.domain.toLowerCase(),
      manifest: { ...manifest.toJSON(), digest },
      archive: bytes,
    };
    const published = await this.#resources
      .publish(tenant.id, resource, limits.storage)
      .catch(refused);
    if (published === "exists") throw exists(key);
    if (published === "forbidden") throw forbidden(locator);
    return String(locator);
  }

  /**
   * Deletes a resource; with `fields`, only the one that was got with them.
   *
   * @throws {RegistryProblem} If it does not exist, or belongs to another tenant's domain.
   */
  async delete(tenant: string, { locator, fields }: Deleted): Promise<void> {
    const deleted = await this.#resources.delete(tenant, keyOf(locator), fields);
    if (deleted === "forbidden") throw forbidden(locator);
    if (deleted === "missing") throw notFound(locator);
  }

  /**
   * Refuses a tag that another type of the same name has: nobody could ask for it by that tag.
   *
   * @throws {RegistryProblem} That names the type.
   */
  async assertFree(manifest: RXM): Promise<void> {
    const locator = storableOf(manifest);
    const { version } = locator;
    const named = await this.#resources.named({ ...nameOf(locator), version, limit: 2 });
    const other = named.find((text) => text !== keyOf(locator));
    if (other !== undefined) throw exists(other);
  }

  /** Returns a page of the matching locators, sorted by their text, and their total. */
  async search(query: ResourceSearch): Promise<{ locators: RXL[]; total: number }> {
    const { locators, total } = await this.#resources.search(query);
    return { locators: locators.map(parseRXL), total };
  }

  async #only(asked: StorableRXL, version: string): Promise<StorableRXL | undefined> {
    const found = await this.#resources.named({ ...nameOf(asked), version, limit: 2 });
    return onlyOne(asked, found.map(toStorable)) as StorableRXL | undefined;
  }
}

/** Makes the beginning of the keys of a name, whatever its type and version. */
function nameOf({ domain, path, name }: StorableRXL): { domain: string; stem: string } {
  const stem = [domain, ...(path === undefined ? [] : [path]), name].join("/");
  return { domain: domain.toLowerCase(), stem };
}

/** Makes the error for a resource that is not there, or no longer. */
export function notFound(locator: StorableRXL): RegistryProblem {
  return new RegistryProblem("RESOURCE_NOT_FOUND", `Resource not found: ${locator}`);
}

function exists(key: string): RegistryProblem {
  return new RegistryProblem("VERSION_EXISTS", `${key} is already published`);
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
