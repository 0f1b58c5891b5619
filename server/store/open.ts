import type { Store, StoreOptions } from "./contract/store.ts";
import { isPostgresUrl } from "./location.ts";

/**
 * Opens the store of a `postgres://` URL, or in the directory of that name. Its tables are made or
 * brought up to date first. Rejects with an Error, which quotes no URL, if it cannot be used.
 */
export async function openStore(location: string, options: StoreOptions = {}): Promise<Store> {
  // Loads one driver only, because each of them takes time and memory.
  if (isPostgresUrl(location)) {
    const { openPostgresStore } = await import("./postgres.ts");
    return openPostgresStore(location, options);
  }
  const { openPGliteStore } = await import("./pglite/pglite-store.ts");
  return openPGliteStore(location, options);
}
