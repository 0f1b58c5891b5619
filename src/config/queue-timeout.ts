/** Milliseconds that an execution waits for a sandbox, unless the host's settings say otherwise. */
export const DEFAULT_QUEUE_TIMEOUT = 60_000;
