import { BriefCache, type BriefCacheSize, FRESH } from "../../../src/base/brief-cache.ts";
import type { Store } from "./store.ts";
import { StoreUnavailable } from "./store-errors.ts";

/** Milliseconds for which a value is used while every change of it is told. */
const FRESH_IF_TOLD = 60_000;

/** Parts of a store that tell how long its values hold. */
export type CachedStore = Pick<Store, "notices" | "isShared">;

/**
 * Makes a cache of values of a store. Its owner forgets what notices name. Without a store, and
 * while notices may be lost, a value is used for five seconds.
 */
export function storeCache<V>(
  store: CachedStore | undefined,
  size?: BriefCacheSize<V>,
): BriefCache<V> {
  const rules = {
    get fresh(): number {
      return store?.isShared && store.notices.connected ? FRESH_IF_TOLD : FRESH;
    },
    isAway: (error: unknown): boolean => error instanceof StoreUnavailable,
  };
  const cache = new BriefCache(size, rules);
  store?.notices.onLoss(() => cache.expire());
  return cache;
}
