import { defineProperty } from "../base/primordials.ts";

/**
 * Adds an item to a list. A plain assignment would run a setter that code has put on
 * `Array.prototype`.
 */
export function append<T>(list: T[], item: T): void {
  define(list, list.length, item);
}

/** Defines an ordinary property, whatever code has put on `Object.prototype`. */
export function define(target: object, name: PropertyKey, value: unknown): void {
  defineProperty(target, name, {
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  } as PropertyDescriptor);
}
