import type { Store } from "../contract/store.ts";
import type { Health } from "./health.ts";

/** What is in a store, whichever way its database is reached. */
export type StoreParts = Omit<Store, "ping" | "close" | "condition"> & { readonly health: Health };
