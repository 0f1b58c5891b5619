import { MAX_EXPORTS } from "../src/protocol/limits.ts";
import { RunnerFault } from "./base/faults.ts";
import { assign, hasOwn, keysOf } from "./base/primordials.ts";
import type { Module } from "./modules/virtual.ts";

/**
 * Finds the entry: the export of that name, otherwise the default export if its function is declared
 * by that name.
 */
export function entryOf(module: Module, name: string): unknown {
  const exported = module[name];
  if (exported !== undefined) return exported;
  const main = module.default;
  return typeof main === "function" && main.name === name ? main : undefined;
}

/**
 * Finds the entry, which is to be called.
 *
 * @throws {RunnerFault} `EntryError`, with the functions that the module exports as details.
 */
export function calledEntryOf(module: Module, name: string): unknown {
  const found = entryOf(module, name);
  if (typeof found === "function") return found;
  throw missingEntry(module, name, `Entry "${name}" is not a function`);
}

/**
 * Makes the fault of a missing entry. Its details name the functions that there are, and the type of
 * an export of that name.
 */
export function missingEntry(module: Module, name: string, message: string): RunnerFault {
  const found = hasOwn(module, name) ? { type: typeOf(module[name]) } : {};
  return assign(new RunnerFault("EntryError", message), { exports: functionsOf(module) }, found);
}

function typeOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

function functionsOf(module: Module): string[] {
  const names: string[] = [];
  const keys = keysOf(module);
  for (let i = 0; i < keys.length && names.length < MAX_EXPORTS; i += 1) {
    const key = keys[i] as string;
    if (typeof module[key] === "function") names[names.length] = key;
  }
  return names;
}
