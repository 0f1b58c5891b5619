/** Lends the runtime the `call` of functions that it uses while hooks serve a module. */
import {
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  setPrototypeOf,
} from "../base/primordials.ts";

const { prototype } = Function;
const { call } = prototype;

/**
 * Sets `Function.prototype.call` as it was at first. An earlier execution of a session may have replaced
 * it, and the runtime calls hooks by it. Returns the function that undoes that. Does nothing if code has
 * made the property final.
 */
export function withNativeCall(): () => void {
  const found = getOwnPropertyDescriptor(prototype, "call");
  if (found?.value === call || found?.configurable === false) return () => {};
  const native = { __proto__: null, value: call, configurable: true, writable: true };
  defineProperty(prototype, "call", native as PropertyDescriptor);
  let isBack = false;
  return () => {
    if (isBack) return;
    isBack = true;
    if (found === undefined) deleteProperty(prototype, "call");
    // Without a prototype, because code may have put a `get` or `value` on that of all objects.
    else defineProperty(prototype, "call", setPrototypeOf(found, null) as PropertyDescriptor);
  };
}
