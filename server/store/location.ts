import { resolve } from "node:path";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";

const POSTGRES = /^postgres(ql)?:/;

/** Tests whether a store's location is a URL. Otherwise it is a directory. */
export function isPostgresUrl(location: string): boolean {
  return POSTGRES.test(location);
}

/**
 * Makes a location independent of the working directory.
 *
 * @throws {Error} For a bad URL, without quoting it.
 */
export function storeLocation(given: string): string {
  if (!isPostgresUrl(given)) return resolve(given);
  const { tls } = parseDatabaseUrl(given);
  if (tls?.mode === "prefer") throw new Error("sslmode=prefer is too weak for the store: require");
  return given;
}
