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
