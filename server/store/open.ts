import type { Store, StoreOptions } from "./contract/store.ts";
import { isPostgresUrl } from "./location.ts";
import { openPGliteStore } from "./pglite/pglite-store.ts";
import { openPostgresStore } from "./postgres.ts";

/**
 * Opens the store of a `postgres://` URL, or in the directory of that name. Its tables are made or
 * brought up to date first. Rejects with an Error, which quotes no URL, if it cannot be used.
 */
export function openStore(location: string, options: StoreOptions = {}): Promise<Store> {
  return isPostgresUrl(location)
    ? openPostgresStore(location, options)
    : openPGliteStore(location, options);
}
