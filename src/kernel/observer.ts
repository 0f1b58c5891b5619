import type { Observer } from "../request/types.ts";

/** Wraps an observer in a plain object whose functions do not throw. */
export function contained(observer: Observer): Required<Observer> {
  return {
    onLog: (entry) => attempt(() => observer.onLog?.(entry)),
    onChannel: (topic, text) => attempt(() => observer.onChannel?.(topic, text)),
    onPackages: (stage) => attempt(() => observer.onPackages?.(stage)),
    onDenied: (denial) => attempt(() => observer.onDenied?.(denial)),
  };
}

/**
 * Calls a function and drops its error. It runs while a sandbox's messages are read, and reading
 * must go on.
 */
function attempt(tell: () => void): void {
  try {
    tell();
  } catch {
    // The observer misses this event.
  }
}
