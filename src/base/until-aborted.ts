/**
 * Settles as `work` does, or rejects with the signal's reason once it is aborted. `work` itself goes
 * on. Nothing of a call stays with the signal, which may outlive many calls. A race against one long
 * promise keeps something of each.
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
