import { defineProperty } from "./primordials.ts";

/** Replaces methods where code finds them, before code exists. */
export function replace(target: object, methods: Record<string, unknown>): void {
  for (const name of Object.keys(methods)) {
    const { enumerable = true } = Object.getOwnPropertyDescriptor(target, name) ?? {};
    const value = methods[name];
    defineProperty(target, name, { value, enumerable, writable: true, configurable: true });
  }
}
