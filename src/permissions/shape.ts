import { types } from "node:util";
import { didYouMean } from "../base/nearest.ts";
import { shorten } from "../base/shorten.ts";
import { LISTS, type ListName } from "./perms.ts";
import { type PermissionRefusal, refuse } from "./refusal.ts";
import { textFault } from "./text.ts";

/** A text that is asked for, and its position. */
export interface Element {
  readonly field: string;
  readonly value: string;
}

/** Elements found in permissions of unknown origin. */
export interface Shape {
  readonly lists: Readonly<Record<ListName, readonly Element[]>>;
  readonly hrtime: boolean;
  readonly refusals: readonly PermissionRefusal[];
}

const MAX_ENTRIES = 100;
const MAX_KEYS = 100;
const LIST_NAMES: readonly string[] = LISTS;
const NAMES = [...LISTS, "hrtime"];

/**
 * Reads permissions of unknown origin. Only plain data counts: neither getters nor traps of a proxy
 * run. So the value can neither throw, nor take time, nor change between two reads. A part of a
 * wrong shape is refused; the rest is kept.
 *
 * @example
 * shape({ env: ["A", 1] }, "permissions").lists.env // [{ field: "permissions.env[0]", value: "A" }]
 * @example
 * shape("inherit", "permissions").refusals.map(({ field }) => field) // ["permissions"]
 */
export function shape(given: unknown, field: string): Shape {
  const refusals: PermissionRefusal[] = [];
  const lists: Record<ListName, readonly Element[]> = {
    env: [],
    net: [],
    read: [],
    write: [],
    run: [],
    ffi: [],
    sys: [],
  };
  const nothing = { lists, hrtime: false, refusals };
  if (given === undefined || given === "none") return nothing;
  const invalid = (at: string, value: unknown, reason: string) => {
    refusals.push(refuse(at, value, "invalid", reason));
  };
  if (given === "inherit") {
    invalid(field, given, 'cannot be "inherit": list what is needed');
    return nothing;
  }
  if (!isPlain(given)) {
    invalid(field, given, 'is neither "none" nor a plain object');
    return nothing;
  }
  const keys = Reflect.ownKeys(given);
  if (keys.length > MAX_KEYS) {
    invalid(field, given, "has too many keys");
    return nothing;
  }
  const unknown = keys.map(String).filter((key) => !LIST_NAMES.includes(key) && key !== "hrtime");
  for (const key of unknown.sort()) {
    invalid(`${field}.${shorten(key)}`, key, `is no permission${didYouMean(key, NAMES)}`);
  }
  for (const name of LISTS) {
    lists[name] = elements(ownValue(given, name), `${field}.${name}`, name === "net", invalid);
  }
  const hrtime = ownValue(given, "hrtime");
  if (hrtime !== undefined && typeof hrtime !== "boolean") {
    invalid(`${field}.hrtime`, hrtime, "is not a boolean");
  }
  return { lists, hrtime: hrtime === true, refusals };
}

function elements(
  list: unknown,
  field: string,
  ascii: boolean,
  invalid: (field: string, value: unknown, reason: string) => void,
): Element[] {
  if (list === undefined) return [];
  if (list === "inherit") {
    invalid(field, list, 'cannot be "inherit": list what is needed');
    return [];
  }
  if (types.isProxy(list) || !Array.isArray(list)) {
    invalid(field, list, "is not a list of strings");
    return [];
  }
  if (list.length > MAX_ENTRIES) {
    invalid(field, list, `has more than ${MAX_ENTRIES} entries`);
    return [];
  }
  return Array.from({ length: list.length }, (_, index) => {
    return { field: `${field}[${index}]`, value: ownValue(list, String(index)) };
  }).filter((element): element is Element => {
    const fault = textFault(element.value, ascii);
    if (fault !== undefined) invalid(element.field, element.value, fault);
    return fault === undefined;
  });
}

/** Reads a property that is data. A getter gives a symbol, which no caller accepts. */
function ownValue(object: object, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  if (descriptor === undefined) return undefined;
  return "value" in descriptor ? descriptor.value : Symbol("getter");
}

/** Tests that an object is one that a literal makes, in any realm. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (types.isProxy(value) || types.isModuleNamespaceObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  // An array's prototype has a prototype itself, and so has that of a class instance.
  return !types.isProxy(prototype) && Object.getPrototypeOf(prototype) === null;
}
