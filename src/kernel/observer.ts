import type { Observer } from "../request/types.ts";

/** An observer as a plain object; what its functions throw is nobody's business here. */
export function contained(observer: Observer): Required<Observer> {
  return {
    onLog: (entry) => attempt(() => observer.onLog?.(entry)),
    onChannel: (topic, text) => attempt(() => observer.onChannel?.(topic, text)),
    onDenied: (denial) => attempt(() => observer.onDenied?.(denial)),
  };
}

/** They are called while a sandbox's words are read, which must go on. */
function attempt(tell: () => void): void {
  try {
    tell();
  } catch {
    // Its own loss.
  }
}
