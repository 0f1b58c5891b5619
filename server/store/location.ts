import { resolve } from "node:path";
import { parseStoreUrl } from "./hosts/store-url.ts";

const POSTGRES = /^postgres(ql)?:/;

/**
 * Kinds of stores. Code tells them apart by `switch` alone, so a third one makes the compiler name each
 * place.
 */
export type StoreKind = "directory" | "postgres";

/** Returns the kind of store that a location stands for. */
export function storeKind(location: string): StoreKind {
  return POSTGRES.test(location) ? "postgres" : "directory";
}

/** Tells whether a location is the URL of a server. A server may be reached by a second URL. */
export function hasServer(location: string): boolean {
  switch (storeKind(location)) {
    case "directory":
      return false;
    case "postgres":
      return true;
  }
}

/**
 * Returns a location in the form that is the same wherever it is read.
 *
 * @throws {Error} for a bad one; it quotes no URL.
 */
export function storeLocation(given: string): string {
  switch (storeKind(given)) {
    case "directory":
      return resolve(given);
    case "postgres": {
      const { tls } = parseStoreUrl(given);
      if (tls?.mode !== "prefer") return given;
      throw new Error("sslmode=prefer is too weak for the store: require");
    }
  }
}
