/** A resource that was published; never changed. */
export interface ResourceRow {
  /** All of its locator, version included. */
  readonly locator: string;
  /** In lower case: one domain is one tenant's, however it is written. */
  readonly domain: string;
  /** The fields of its manifest. */
  readonly manifest: object;
}

export interface NewResource extends ResourceRow {
  /** A tar.gz. */
  readonly archive: Uint8Array;
}

/** What every locator that is found has. */
export interface ResourceSearch {
  /** A part of its domain, path, name and type, whatever the case; `""` for any. */
  readonly text: string;
  /** Exactly these. */
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** Locators that a search counts; beyond that, it says this number. */
export const MOST_FOUND = 10_000;

export interface Resources {
  /**
   * Keeps it, unless there is one of its locator, or its domain is another tenant's. A domain is of the
   * tenant that publishes the first resource in it. Rejects with `StorageFull` beyond the `limit` bytes
   * that the tenant may store.
   */
  publish(
    tenant: string,
    resource: NewResource,
    limit?: number,
  ): Promise<"published" | "exists" | "forbidden">;
  get(locator: string): Promise<ResourceRow | undefined>;
  archive(locator: string): Promise<Uint8Array | undefined>;
  /** `missing` if it is not there, `forbidden` in another tenant's domain. */
  delete(tenant: string, locator: string): Promise<"deleted" | "missing" | "forbidden">;
  /** A page of the locators that are looked for, in the order of their characters' codes. */
  search(query: ResourceSearch): Promise<{ readonly locators: string[]; readonly total: number }>;
}
