import { MODULE_NAME } from "../src/protocol/messages.ts";
import {
  defineProperty,
  getterOf,
  NativeWeakSet,
  preventDefault,
  startsWith,
  uncurry,
  weakSetAdd,
  weakSetHas,
} from "./base/primordials.ts";

import type { Owners } from "./owners.ts";

const dispatch = uncurry(EventTarget.prototype.dispatchEvent);
const isPrevented = getterOf<boolean>(Event.prototype, "defaultPrevented");
const stop = uncurry(Event.prototype.stopImmediatePropagation);
const { prototype: errorEvent } = ErrorEvent;
const messageOf = getterOf<string>(errorEvent, "message");
const fileOf = getterOf<string>(errorEvent, "filename");
const lineOf = getterOf<number>(errorEvent, "lineno");
const columnOf = getterOf<number>(errorEvent, "colno");
const errorOf = getterOf<unknown>(errorEvent, "error");
const NativeErrorEvent = ErrorEvent;
const { construct } = Reflect;
const NativeRejectionEvent = PromiseRejectionEvent;

/** The part of the runtime's core used here. */
export interface FailuresCore {
  /** Sets the function that gets each unhandled rejection, and returns whether it was handled. */
  setUnhandledPromiseRejectionHandler(
    handler: (promise: Promise<unknown>, reason: unknown) => boolean,
  ): void;
}

/** Functions that the runtime's `process` adds, once code has used it. */
export interface ProcessCallbacks {
  nodeProcessUnhandledRejectionCallback?: (event: PromiseRejectionEvent) => void;
}

/**
 * Calls `fail` with each error that nobody has caught. Listeners of the code for `error` and
 * `unhandledrejection`, and those of `process`, prevent that as they do in the runtime.
 */
export function catchFailures(
  core: FailuresCore,
  callbacks: ProcessCallbacks,
  owners: Owners,
  fail: (thrown: unknown, owner: object | undefined) => void,
): void {
  const scope = globalThis as unknown as EventTarget;
  core.setUnhandledPromiseRejectionHandler((promise, reason) => {
    const init = { __proto__: null, promise, reason, cancelable: true };
    const event = new NativeRejectionEvent("unhandledrejection", init as PromiseRejectionEventInit);
    dispatch(scope, event);
    if (!isPrevented(event)) callbacks.nodeProcessUnhandledRejectionCallback?.(event);
    if (!isPrevented(event)) fail(reason, owners.current());
    return true;
  });
  const own = markOwnEvents();
  // The first listener of all, so none can keep an event from it. What the others say is known only
  // after them, so they get a copy, and the event itself ends here.
  scope.addEventListener("error", (event) => {
    if (weakSetHas(own, event) || !isErrorEvent(event) || isPrevented(event)) return;
    stop(event);
    preventDefault(event);
    const owner = owners.ownerOf(errorOf(event));
    const copy = copyOf(event as ErrorEvent);
    weakSetAdd(own, copy);
    if (dispatch(scope, copy)) fail(errorOf(event), owner);
  });
}

/** Returns a set with each event that code makes and dispatches itself: nothing has failed then. */
function markOwnEvents(): WeakSet<Event> {
  const own = new NativeWeakSet<Event>();
  const value = new Proxy(NativeErrorEvent, {
    __proto__: null,
    construct(target, args, newTarget) {
      const event = construct(target, args, newTarget) as ErrorEvent;
      weakSetAdd(own, event);
      return event;
    },
  } as ProxyHandler<typeof ErrorEvent>);
  const descriptor = { value, configurable: true, writable: true };
  defineProperty(errorEvent, "constructor", descriptor);
  defineProperty(globalThis, "ErrorEvent", descriptor);
  return own;
}

function isErrorEvent(event: Event): boolean {
  try {
    errorOf(event);
    return true;
  } catch {
    return false;
  }
}

/** Copies an event of the runtime's, with the name of the code's module in place of its URL. */
function copyOf(event: ErrorEvent): ErrorEvent {
  const file = fileOf(event);
  const init = {
    __proto__: null,
    cancelable: true,
    message: messageOf(event),
    filename: startsWith(file, "blob:") ? MODULE_NAME : file,
    lineno: lineOf(event),
    colno: columnOf(event),
    error: errorOf(event),
  };
  return new NativeErrorEvent("error", init as ErrorEventInit);
}
