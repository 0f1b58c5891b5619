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

export interface Resources {
  /**
   * Keeps it, unless there is one of its locator, or its domain is another tenant's. A domain is of the
   * tenant that publishes the first resource in it.
   */
  publish(tenant: string, resource: NewResource): Promise<"published" | "exists" | "forbidden">;
  get(locator: string): Promise<ResourceRow | undefined>;
  archive(locator: string): Promise<Uint8Array | undefined>;
  /** `missing` if it is not there, `forbidden` in another tenant's domain. */
  delete(tenant: string, locator: string): Promise<"deleted" | "missing" | "forbidden">;
  /** Locators, in an order of their own. */
  list(page: { readonly after?: string | undefined; readonly limit: number }): Promise<string[]>;
}
