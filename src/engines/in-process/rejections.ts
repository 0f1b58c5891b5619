/** Whom to tell of a rejection nobody handles, by the prototype of its realm's promises. */
const realms = new WeakMap<object, (reason: unknown) => void>();
let listening = false;

/**
 * Has `onRejection` told of each unhandled rejection of the realm whose `Promise.prototype` this
 * is. Node would end the process for it, long after the execution it belongs to has ended, too.
 */
export function catchRejections(prototype: object, onRejection: (reason: unknown) => void): void {
  realms.set(prototype, onRejection);
  if (listening) return;
  listening = true;
  process.on("unhandledRejection", dispatch);
}

function dispatch(reason: unknown, promise: Promise<unknown>): void {
  const onRejection = realms.get(Object.getPrototypeOf(promise));
  if (onRejection !== undefined) {
    onRejection(reason);
    return;
  }
  // One of the process's own: being listened to must not save it, unless somebody else listens.
  if (process.listenerCount("unhandledRejection") === 1) throw reason;
}
