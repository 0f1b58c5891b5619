/**
 * Text of a thrown value that is no error, in the manner of the runtime's own inspection. It runs
 * after user code: getters are not called, and each part is bounded while it is made.
 */
import { clip, MAX_FAULT_TEXT } from "../../src/protocol/limits.ts";
import {
  bigintText,
  dateText,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  indexOfText,
  isArray,
  isFiniteNumber,
  isSame,
  mapForEach,
  mapSize,
  NativeSet,
  regExpText,
  replaceAllText,
  setAdd,
  setDelete,
  setForEach,
  setHas,
  setSize,
  sizeOfArray,
  stringifyJson,
  tagOf,
  timeOf,
  toText,
  typedArrayName,
} from "./primordials.ts";

const DEPTH = 4;
const MEMBERS = 100;
const LINE = 80;

/** Returns a string as it is, and any other value as the runtime's console shows it. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return clip(value, MAX_FAULT_TEXT);
  return clip(new Inspection().text(value, 0), MAX_FAULT_TEXT);
}

class Inspection {
  readonly #open = new NativeSet<object>();
  #left = MAX_FAULT_TEXT;

  text(value: unknown, depth: number): string {
    const text = this.#text(value, depth);
    this.#left -= text.length;
    return text;
  }

  #text(value: unknown, depth: number): string {
    if (typeof value === "string") return stringifyJson(clip(value, MAX_FAULT_TEXT));
    if (typeof value === "bigint") return `${bigintText(value)}n`;
    if (typeof value === "function") return functionOf(value);
    if (typeof value !== "object" || value === null)
      return isSame(value, -0) ? "-0" : toText(value);
    if (setHas(this.#open, value)) return "[Circular]";
    setAdd(this.#open, value);
    try {
      return this.#object(value, depth);
    } catch {
      return "[unprintable]";
    } finally {
      setDelete(this.#open, value);
    }
  }

  #object(value: object, depth: number): string {
    const tag = tagOf(value);
    if (tag === "[object Date]") {
      return isFiniteNumber(timeOf(value as Date)) ? dateText(value as Date) : "Invalid Date";
    }
    if (tag === "[object RegExp]") return regExpText(value as RegExp);
    const view = typedArrayName(value);
    if (view !== undefined) return `${view}(${sizeOfArray(value)}) [ … ]`;
    const name = isArray(value) ? "Array" : (classOf(value) ?? "Object");
    if (depth > DEPTH || this.#left <= 0) return `[${name}]`;
    const parts: string[] = [];
    if (isArray(value)) {
      for (let i = 0; i < value.length && this.#room(parts); i += 1) {
        parts[parts.length] = this.#member(value, i, depth);
      }
      return layOut(name === "Array" ? "[" : `${name} [`, parts, "]", depth);
    }
    let head = name === "Object" ? "" : `${name} `;
    if (tag === "[object Map]") {
      const map = value as Map<unknown, unknown>;
      head = `Map(${mapSize(map)}) `;
      mapForEach(map, (item, key) => {
        if (!this.#room(parts)) return;
        parts[parts.length] = `${this.text(key, depth + 1)} => ${this.text(item, depth + 1)}`;
      });
    } else if (tag === "[object Set]") {
      const set = value as Set<unknown>;
      head = `Set(${setSize(set)}) `;
      setForEach(set, (item) => {
        if (this.#room(parts)) parts[parts.length] = this.text(item, depth + 1);
      });
    }
    for (const key in value) {
      if (getOwnPropertyDescriptor(value, key) === undefined) continue;
      if (!this.#room(parts)) break;
      parts[parts.length] = `${nameOf(key)}: ${this.#member(value, key, depth)}`;
    }
    return layOut(`${head}{`, parts, "}", depth);
  }

  #member(value: object, key: string | number, depth: number): string {
    const field = getOwnPropertyDescriptor(value, key);
    if (field === undefined) return "undefined";
    return field.get || field.set ? "[Getter/Setter]" : this.text(field.value, depth + 1);
  }

  /** Returns whether one more part fits. Notes once that the others are left out. */
  #room(parts: string[]): boolean {
    if (parts.length < MEMBERS && this.#left > 0) return true;
    if (parts[parts.length - 1] !== "…") parts[parts.length] = "…";
    return false;
  }
}

function functionOf(value: object): string {
  try {
    const name: unknown = getOwnPropertyDescriptor(value, "name")?.value;
    return typeof name === "string" && name !== ""
      ? `[Function: ${clip(name, LINE)}]`
      : "[Function (anonymous)]";
  } catch {
    return "[Function (anonymous)]";
  }
}

/** Name of an object's class, as its prototype has it. */
function classOf(value: object): string | undefined {
  const prototype = getPrototypeOf(value);
  if (prototype === null) return "[Object: null prototype]";
  const made: unknown = getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof made !== "function") return undefined;
  const name: unknown = getOwnPropertyDescriptor(made, "name")?.value;
  return typeof name === "string" && name !== "" ? clip(name, LINE) : undefined;
}

/** Writes a name without quotes where the language allows it. */
function nameOf(key: string): string {
  const text = clip(key, MAX_FAULT_TEXT);
  for (let i = 0; i < text.length; i += 1) {
    const isLetter = indexOfText(LETTERS, text[i] as string) >= 0;
    if (!isLetter && (i === 0 || indexOfText(DIGITS, text[i] as string) < 0)) {
      return stringifyJson(text);
    }
  }
  return text === "" ? '""' : text;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$";
const DIGITS = "0123456789";

/** Joins the parts on one line if they fit, otherwise each on its own. */
function layOut(head: string, parts: readonly string[], tail: string, depth: number): string {
  if (parts.length === 0) return `${head}${tail}`;
  let line = "";
  for (let i = 0; i < parts.length; i += 1) line += `${i > 0 ? ", " : ""}${parts[i]}`;
  const start = parts.length + depth * 2 + head.length + 10;
  if (line.length + start < LINE && indexOfText(line, "\n") < 0) return `${head} ${line} ${tail}`;
  let lines = "";
  for (let i = 0; i < parts.length; i += 1) {
    lines += `\n  ${replaceAllText(parts[i] as string, "\n", "\n  ")}${i < parts.length - 1 ? "," : ""}`;
  }
  return `${head}${lines}\n${tail}`;
}
