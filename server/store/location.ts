import { resolve } from "node:path";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";

const POSTGRES = /^postgres(ql)?:/;

/** Whether a store's location is a URL, and not a directory. */
export function isPostgresUrl(location: string): boolean {
  return POSTGRES.test(location);
}

/** The location as it is wherever it is read. Throws an Error, which quotes no URL, for a bad one. */
export function storeLocation(given: string): string {
  if (!isPostgresUrl(given)) return resolve(given);
  const { tls } = parseDatabaseUrl(given);
  if (tls?.mode === "prefer") throw new Error("sslmode=prefer is too weak for the store: require");
  return given;
}
