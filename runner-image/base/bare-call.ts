/**
 * Calls user code so that its stacks do not show the runner. They have no frame below the code's
 * own, and none of an async function that waits for it. Uses only functions captured before.
 */
import { apply, bindTo, defineProperty, NativePromise, promiseOf } from "./primordials.ts";

export interface Call {
  readonly callee: unknown;
  readonly args: readonly unknown[];
}

/**
 * Makes a native function that makes the chosen call. `choose` runs first: the runtime reads it as
 * a getter of the list of arguments, and has returned from it when the call begins.
 */
export function bareCall(choose: () => Call): () => unknown {
  let chosen: Call | undefined;
  const list = { __proto__: null, length: 3, 1: undefined };
  const callee = (): unknown => {
    chosen = choose();
    return chosen.callee;
  };
  defineProperty(list, 0, getter(callee));
  defineProperty(
    list,
    2,
    getter(() => chosen?.args),
  );
  return bindTo(apply, undefined, apply, undefined, list as never) as () => unknown;
}

/** Makes a native function that passes the value of another to `onValue`. */
function passing(native: () => unknown, onValue: (value: unknown) => void): () => void {
  const list = { __proto__: null, length: 1 };
  defineProperty(list, 0, getter(native));
  return bindTo(apply, undefined, onValue, undefined, list as never) as () => void;
}

const getter = (get: () => unknown): PropertyDescriptor => ({ __proto__: null, get }) as never;

/**
 * Makes a call in a microtask of its own. Resolves with its value in an object, because the value
 * may be a promise, and rejects with what it throws.
 */
function callBare(call: Call): Promise<{ readonly value: unknown }> {
  return unfollowed(
    new NativePromise((resolve, reject) => {
      const then = passing(
        bareCall(() => call),
        // Code may have put a `then` on the prototype of all objects.
        (value) => resolve({ __proto__: null, value } as { readonly value: unknown }),
      );
      // The runtime calls `then` of an object that a promise is resolved with, from no frame.
      void rejected(unfollowed(new NativePromise((begin) => begin({ then }))), reject);
    }),
  );
}

async function rejected(work: Promise<unknown>, onError: (thrown: unknown) => void): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    onError(thrown);
  }
}

/**
 * Makes a call, and resolves with what its value resolves with. Awaits each part, because passing on
 * an unsettled promise calls its "then", which code may have replaced.
 */
export async function makeCall(call: Call): Promise<unknown> {
  const { value } = await callBare(call);
  return await unfollowed(promiseOf(value));
}

/**
 * Keeps V8 from naming our async functions in the stacks of code that a promise waits for. It
 * follows a promise only if one function waits for it, so this adds another.
 */
export function unfollowed<T>(promise: Promise<T>): Promise<T> {
  void rejected(promise, () => {});
  return promise;
}
