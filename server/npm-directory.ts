import { join } from "node:path";
import { storeKind } from "./store/location.ts";

/** Returns the directory of packages, beside a store in a directory. Otherwise it is a temporary one. */
export function npmDirectory(store: string): { readonly directory?: string } {
  switch (storeKind(store)) {
    case "directory":
      return { directory: join(store, "packages") };
    case "postgres":
      return {};
  }
}
