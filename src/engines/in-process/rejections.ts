type Listener = (reason: unknown, promise: Promise<unknown>) => void;

/** Prototype of a realm's promises → its listener for unhandled rejections. */
const realms = new WeakMap<object, Listener>();
let listening = false;

/**
 * Calls `onRejection` for each unhandled rejection of the realm with this `Promise.prototype`.
 * Otherwise Node would end the process, even long after the execution has ended.
 */
export function catchRejections(prototype: object, onRejection: Listener): void {
  realms.set(prototype, onRejection);
  if (listening) return;
  listening = true;
  process.on("unhandledRejection", dispatch);
}

function dispatch(reason: unknown, promise: Promise<unknown>): void {
  const onRejection = realms.get(Object.getPrototypeOf(promise));
  if (onRejection !== undefined) {
    onRejection(reason, promise);
    return;
  }
  // A rejection of the process itself: this listener must not prevent its end, unless there is
  // another listener.
  if (process.listenerCount("unhandledRejection") === 1) throw reason;
}
