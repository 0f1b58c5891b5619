import type { Store, StoreOptions } from "./contract/store.ts";
import { isPostgresUrl } from "./location.ts";

/**
 * Opens the store of a `postgres://` URL or a directory. Creates or migrates its tables first.
 *
 * @throws {Error} If it cannot be used, without quoting the URL.
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
