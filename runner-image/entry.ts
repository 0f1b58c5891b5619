import { MAX_EXPORTS } from "../src/protocol/limits.ts";
import { RunnerFault } from "./base/faults.ts";
import { assign, keysOf } from "./base/primordials.ts";
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
  throw missingEntry(module, `Entry "${name}" is not a function`);
}

/** Makes the fault of a missing entry, which names the functions that there are. */
export function missingEntry(module: Module, message: string): RunnerFault {
  return assign(new RunnerFault("EntryError", message), { exports: functionsOf(module) });
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
