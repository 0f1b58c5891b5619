/**
 * Settles as `work` does, or rejects with the signal's reason once it is aborted. `work` itself goes
 * on. Nothing of the call stays with the signal, so it suits a signal that outlives many calls, as
 * a race against one long promise does not.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { signal: done.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    done.abort();
  }
}
