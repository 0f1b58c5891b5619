import { setTimeout as sleep } from "node:timers/promises";
import { StorageReserved, StoreUnavailable } from "./store-errors.ts";

const FIRST_PAUSE = 250;
const LAST_PAUSE = 5_000;

/**
 * Repeats `write` while the store is away or its disk is full, and resolves with the result.
 * Rejects with any other failure. Rejects with the last failure once `signal` is aborted. Calls
 * `onError` for the first one.
 */
export async function written<T>(
  write: () => Promise<T>,
  onError: (error: unknown) => void,
  signal?: AbortSignal,
): Promise<T> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LAST_PAUSE)) {
    try {
      return await write();
    } catch (error) {
      const passes = error instanceof StoreUnavailable || error instanceof StorageReserved;
      if (!passes || signal?.aborted) throw error;
      if (pause === FIRST_PAUSE) onError(error);
    }
    await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
  }
}
