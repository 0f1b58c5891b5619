import { redactedObserver } from "../redaction/output.ts";
import type { Redactor } from "../redaction/redactor.ts";
import type { LogEntry, Observer } from "../request/types.ts";

/** Wraps an observer in a plain object whose functions do not throw, and mask values of secrets. */
export function contained(observer: Observer, redactor?: Redactor): Required<Observer> {
  const safe = {
    onLog: (entry: LogEntry) => attempt(() => observer.onLog?.(entry)),
    onChannel: (topic, text) => attempt(() => observer.onChannel?.(topic, text)),
    onPackages: (stage) => attempt(() => observer.onPackages?.(stage)),
    onDenied: (denial) => attempt(() => observer.onDenied?.(denial)),
  } satisfies Required<Observer>;
  return redactor === undefined ? safe : redactedObserver(safe, redactor);
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
