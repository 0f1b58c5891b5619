import type { Store } from "../contract/store.ts";
import type { Health } from "./health.ts";

/** Parts of a store, on any driver. */
export type StoreParts = Omit<
  Store,
  "ping" | "close" | "condition" | "isShared" | "notices" | "alone"
> & {
  readonly health: Health;
};
