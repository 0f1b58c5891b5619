/** Share of the processors that a sandbox has while it starts. */
export interface StartPriority {
  /**
   * Gives it the usual share. Throws if it may be left with less. The last attempt may take long.
   */
  raise(isLast: boolean): void | Promise<void>;
}

/** Milliseconds between two looks whether somebody waits. */
const LOOK_EVERY = 10;
/** Milliseconds for which a start may be slowed down. On a busy host, it would take too long. */
const QUIET_FOR = 1_000;

/**
 * Does the work of a start whose sandbox has a low priority, and raises that when the start is over.
 * Raises it before if somebody waits by then, or if the start takes long.
 */
export async function quietly<T>(
  priority: StartPriority | undefined,
  isAwaited: () => boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (priority === undefined) return work();
  const end = performance.now() + QUIET_FOR;
  let isRaised = false;
  const raise = async (isLast: boolean): Promise<void> => {
    await priority.raise(isLast);
    isRaised = true;
  };
  const timer = setInterval(() => {
    if (isRaised) clearInterval(timer);
    // Fails while there is nothing yet whose priority could be raised.
    else if (isAwaited() || performance.now() > end) raise(false).catch(() => {});
  }, LOOK_EVERY).unref();
  try {
    const done = await work();
    if (!isRaised) await raise(true);
    return done;
  } finally {
    clearInterval(timer);
  }
}
