/** A host name that a tenant asks for. It is served once it is verified. */
export interface HostRow {
  /** Name in lower case, in ASCII, without a dot at its end. */
  readonly name: string;
  readonly tenant: string;
  /** Function that answers; null if the first part of a path names it. */
  readonly function: string | null;
  readonly verifiedAt: Date | null;
  readonly createdAt: Date;
}

/** Place of a row in the list of all names. */
export type HostPlace = Pick<HostRow, "name" | "tenant">;

export interface HostsPage {
  readonly after?: HostPlace | undefined;
  readonly limit: number;
}

/** Host names of tenants. Any number of tenants may ask for a name; one of them has it. */
export interface Hosts {
  /**
   * Adds a name that is not verified, or changes its function. `limit` is the most bytes that the
   * tenant may store.
   *
   * @throws {StorageFull} Beyond `limit`, or with too many names.
   */
  put(
    host: Pick<HostRow, "name" | "tenant" | "function">,
    limit?: number,
  ): Promise<{ readonly host: HostRow; readonly created: boolean }>;
  /** Returns the row of the tenant that has the name. */
  served(name: string): Promise<HostRow | undefined>;
  /** Lists a tenant's names. */
  list(tenant: string): Promise<HostRow[]>;
  /** Lists the names of all tenants, by name and then by tenant. */
  all(page: HostsPage): Promise<HostRow[]>;
  /**
   * Verifies a name for a tenant that asks for it. Returns its row, or `undefined` if it does not.
   *
   * @throws {StoreConflict} If another tenant has the name.
   */
  verify(place: HostPlace): Promise<HostRow | undefined>;
  /** Deletes a tenant's name. Returns false if it has none of that name. */
  delete(place: HostPlace): Promise<boolean>;
}
