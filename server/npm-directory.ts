import { join } from "node:path";
import { storeKind } from "./store/location.ts";

/** Returns the directory of packages, beside a store in a directory. Otherwise it is a temporary one. */
export function npmDirectory(store: string): { readonly directory?: string } {
  return storeKind(store) === "directory" ? { directory: join(store, "packages") } : {};
}
