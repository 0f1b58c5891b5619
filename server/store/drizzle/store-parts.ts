import type { Store } from "../contract/store.ts";
import type { Health } from "./health.ts";

/** Parts of a store, on any driver. */
export type StoreParts = Omit<Store, "ping" | "close" | "condition" | "isShared" | "notices"> & {
  readonly health: Health;
};
