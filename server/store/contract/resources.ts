/** A published resource. It never changes. */
export interface ResourceRow {
  /** Full locator, including the version. */
  readonly locator: string;
  /** Domain in lower case, so that all spellings of a domain belong to one tenant. */
  readonly domain: string;
  /** Fields of the manifest. */
  readonly manifest: object;
}

/** Fields that tell a resource from one that is published later with its locator. */
export type Published = Pick<ResourceRow, "locator" | "manifest">;

/** A resource as stored, without its archive. */
export interface StoredResource extends ResourceRow {
  /** Size of the archive. */
  readonly archiveBytes: number;
  /** True while its tenant is suspended. */
  readonly isSuspended: boolean;
}

export interface NewResource extends ResourceRow {
  /** Archive: tar.gz. */
  readonly archive: Uint8Array;
}

/** Conditions of a search. All of them apply. */
export interface ResourceSearch {
  /** Part of the domain, path, name and type, ignoring case; `""` for any. */
  readonly text: string;
  /** Exact values. */
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** Resources of one name, of any type. */
export interface ResourceName {
  /** Domain in lower case. */
  readonly domain: string;
  /** Locator up to the name: domain, path and name. */
  readonly stem: string;
  /** Version; any if it is absent. */
  readonly version?: string | undefined;
  readonly limit: number;
}

/** Most locators that a search counts. A larger total is reported as this number. */
export const MOST_FOUND = 10_000;

export interface Resources {
  /**
   * Stores a resource, unless its locator exists or its domain belongs to another tenant. A domain
   * belongs to the tenant that publishes its first resource.
   *
   * @throws {StorageFull} Beyond the `limit` bytes that the tenant may store.
   */
  publish(
    tenant: string,
    resource: NewResource,
    limit?: number,
  ): Promise<"published" | "exists" | "forbidden">;
  get(locator: string): Promise<StoredResource | undefined>;
  /** Returns the locators of a name's types and versions, the newest first. */
  named(name: ResourceName): Promise<string[]>;
  /**
   * Returns the archive of a resource that `get` returned. Returns `undefined` once it is deleted,
   * also if another one has its locator since: the manifest, with the digest in it, differs then. So it does
   * while its tenant is suspended.
   */
  archive(resource: Published): Promise<Uint8Array | undefined>;
  /**
   * Deletes a resource; with a manifest, only the one that `get` returned with it. Returns `missing`
   * if it does not exist, and `forbidden` in another tenant's domain.
   */
  delete(
    tenant: string,
    locator: string,
    manifest?: object,
  ): Promise<"deleted" | "missing" | "forbidden">;
  /**
   * Returns a page of the matching locators, sorted by the codes of their characters. Leaves out those
   * of suspended tenants.
   */
  search(query: ResourceSearch): Promise<{ readonly locators: string[]; readonly total: number }>;
}
