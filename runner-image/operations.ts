import { uncurry } from "./base/primordials.ts";

/** Functions of the runtime's core that this module uses. */
export interface OperationsCore {
  readonly promiseIdSymbol: symbol;
  hasPromise(id: number): boolean;
  unrefOpPromise(promise: object): void;
  eventLoopHasMoreWork(): boolean;
}

/** Highest number of an operation that a new worker has begun before its first message. */
const LAST_OWN = 64;

/** Tells whether the runtime has operations of user code under way. */
export interface Operations {
  /** Leaves out the runtime's own operations. Must run before user code, in the turn of a message. */
  begin(): void;
  pending(): boolean;
}

/**
 * Asks the event loop whether it would go on without the runner: for a request, a file, a thread's
 * work, an import. The port of the runner is left out while it is asked. The worker's own channel,
 * which nothing is sent on any more, is left out for good.
 */
export function watchOperations(core: OperationsCore, port: MessagePort): Operations {
  const { promiseIdSymbol, hasPromise, unrefOpPromise, eventLoopHasMoreWork } = core;
  const { ref, unref } = MessagePort.prototype as unknown as Record<string, () => void>;
  const release = uncurry(unref as (this: MessagePort) => void);
  const hold = uncurry(ref as (this: MessagePort) => void);
  let begun = false;
  return {
    begin() {
      if (begun) return;
      begun = true;
      for (let id = 0; id <= LAST_OWN; id += 1) {
        if (hasPromise(id)) unrefOpPromise({ [promiseIdSymbol]: id });
      }
    },
    pending() {
      release(port);
      const more = eventLoopHasMoreWork();
      hold(port);
      return more;
    },
  };
}
