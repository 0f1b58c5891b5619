import { types } from "node:util";
import { BadRequest, messageOf, PayloadTooLarge } from "../base/errors.ts";
import { MAX_DEPTH, MAX_JOB_BYTES } from "../protocol/limits.ts";
import { RICH_INPUT, VIEWS } from "../protocol/rich.ts";
import { type SharedBytes, ViewedBytes } from "./shared-bytes.ts";

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const ERRORS: readonly string[] = [
  "AggregateError",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
];

/** A position within an input. */
interface Place {
  readonly key: string | number;
  readonly parent: Place | undefined;
  readonly depth: number;
}

/**
 * Writes an input as text for a sandbox: as JSON if that holds all of it, else as `RICH_INPUT` and
 * the nodes of src/protocol/rich.ts.
 *
 * @throws {BadRequest} For what cannot travel. It names the place, for example `input.a[2].f`.
 * @throws {PayloadTooLarge} For more than a sandbox takes.
 */
export function writeInput(input: unknown): string | undefined {
  if (input === undefined) return undefined;
  try {
    return isJson(input, 0, new Set()) ? JSON.stringify(input) : encode(input);
  } catch (error) {
    if (error instanceof BadRequest || error instanceof PayloadTooLarge) throw error;
    throw new BadRequest("input", `input: Cannot be written: ${messageOf(error)}`);
  }
}

function encode(input: unknown): string {
  const encoder = new Encoder();
  const text = encoder.encode(input);
  const shared = encoder.viewed.shared();
  // Views that share bytes need the buffer before the first of them.
  return shared.size === 0 ? text : new Encoder(shared).encode(input);
}

/** Tells whether JSON gives the value back as it is. An object that occurs twice needs more. */
function isJson(value: unknown, depth: number, seen: Set<object>): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || seen.has(value) || depth >= MAX_DEPTH) return false;
  seen.add(value);
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) {
      if (!isJson(value[at], depth + 1, seen)) return false;
    }
    return !hasToJson(value);
  }
  if (Object.getPrototypeOf(value) === null || !isPlain(value) || hasToJson(value)) return false;
  for (const key of Object.keys(value)) {
    if (!isJson((value as Record<string, unknown>)[key], depth + 1, seen)) return false;
  }
  return true;
}

/** Tells whether an object is of no class, in whatever realm it was made. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

class Encoder {
  /** Objects in the order in which they begin, and their numbers. */
  readonly #numbers = new Map<object, number>();
  readonly #parts: string[] = [RICH_INPUT];
  #length = RICH_INPUT.length;
  readonly viewed = new ViewedBytes();
  readonly #shared: ReadonlyMap<ArrayBufferLike, readonly SharedBytes[]>;

  constructor(shared: ReadonlyMap<ArrayBufferLike, readonly SharedBytes[]> = new Map()) {
    this.#shared = shared;
  }

  encode(value: unknown): string {
    this.#value(value, { key: "input", parent: undefined, depth: 0 });
    return this.#parts.join("");
  }

  #put(text: string): void {
    this.#length += text.length;
    if (this.#length > MAX_JOB_BYTES) throw tooLarge();
    this.#parts.push(text);
  }

  #value(value: unknown, place: Place): void {
    switch (typeof value) {
      case "object":
        if (value === null) this.#put("null");
        else this.#object(value, place);
        break;
      case "undefined":
        this.#put('["undefined"]');
        break;
      case "bigint":
        this.#put(`["bigint","${value.toString(16)}"]`);
        break;
      case "number":
        this.#put(numberText(value));
        break;
      case "function":
      case "symbol":
        throw cannotTravel(`A ${typeof value}`, place);
      default:
        this.#put(JSON.stringify(value));
    }
  }

  #object(value: object, place: Place): void {
    const number = this.#numbers.get(value);
    if (number !== undefined) {
      this.#put(`["ref",${number}]`);
      return;
    }
    if (place.depth >= MAX_DEPTH) {
      throw new BadRequest("input", `input: Nested deeper than ${MAX_DEPTH} levels`);
    }
    if (isInstance(value)) {
      // It says itself how it is written, as a URL does. The object that it gives may be a new one.
      if (hasToJson(value)) this.#value(value.toJSON(), inside(place, "toJSON()"));
      else throw cannotTravel(`An instance of ${classOf(value)}`, place);
      return;
    }
    if (ArrayBuffer.isView(value)) {
      this.#view(value, place);
      return;
    }
    this.#begin(value);
    if (types.isDate(value)) this.#put(`["date",${JSON.stringify(timeOf(value))}]`);
    else if (types.isMap(value)) this.#map(value, place);
    else if (types.isSet(value)) this.#list("set", [...setValues(value)], place);
    else if (types.isRegExp(value)) {
      this.#node("regexp", value.source, value.flags, value.lastIndex);
    } else if (types.isNativeError(value)) this.#error(value, place);
    else if (types.isArrayBuffer(value)) {
      this.viewed.add(value, 0, value.byteLength);
      this.#bytes("ArrayBuffer", new Uint8Array(value));
    } else if (Array.isArray(value)) this.#list("array", value, place);
    else if (Object.getPrototypeOf(value) === null) this.#bare(value, place);
    else this.#members(value, Object.keys(value), place);
  }

  #begin(value: object): void {
    this.#numbers.set(value, this.#numbers.size);
  }

  #node(tag: string, ...content: readonly (string | number)[]): void {
    this.#put(JSON.stringify([tag, ...content]));
  }

  #list(tag: string, items: readonly unknown[], place: Place): void {
    this.#put(`["${tag}"`);
    for (let at = 0; at < items.length; at += 1) {
      this.#put(",");
      this.#value(items[at], inside(place, at));
    }
    this.#put("]");
  }

  #map(map: Map<unknown, unknown>, place: Place): void {
    this.#put('["map"');
    let at = 0;
    for (const [key, value] of mapEntries(map)) {
      for (const part of [key, value]) {
        this.#put(",");
        this.#value(part, inside(place, at));
      }
      at += 1;
    }
    this.#put("]");
  }

  #members(object: object, keys: readonly string[], place: Place): void {
    this.#put("{");
    keys.forEach((key, at) => {
      this.#put(`${at === 0 ? "" : ","}${JSON.stringify(key)}:`);
      this.#value((object as Record<string, unknown>)[key], inside(place, key));
    });
    this.#put("}");
  }

  #bare(object: object, place: Place): void {
    this.#put('["bare",');
    this.#members(object, Object.keys(object), place);
    this.#put("]");
  }

  #error(error: Error, place: Place): void {
    const name = ERRORS.find((known) => known === error.name) ?? "Error";
    const own = ["message", "stack", "cause", "errors"].filter((key) => Object.hasOwn(error, key));
    this.#put(`["error","${name}",`);
    this.#members(error, [...new Set([...own, ...Object.keys(error)])], place);
    this.#put("]");
  }

  #view(view: ArrayBufferView, place: Place): void {
    const name = viewName(view);
    if (name === undefined) throw cannotTravel(`A ${classOf(view)}`, place);
    const { buffer, byteOffset, byteLength } = view;
    const end = byteOffset + byteLength;
    this.viewed.add(buffer, byteOffset, end);
    const part = this.#shared
      .get(buffer)
      ?.find((part) => byteOffset >= part.start && end <= part.end);
    if (part === undefined || byteLength === 0) {
      this.#begin(view);
      this.#bytes(name, new Uint8Array(buffer, byteOffset, byteLength));
      return;
    }
    this.#put(`["view","${name}",${byteOffset - part.start},${byteLength},`);
    this.#part(part);
    this.#put("]");
    this.#begin(view);
  }

  /** Writes shared bytes as a buffer: the whole one as itself, a part as one of its own. */
  #part(part: SharedBytes): void {
    const { buffer, start, end } = part;
    const isWhole = start === 0 && end === buffer.byteLength && types.isArrayBuffer(buffer);
    const holder = isWhole ? buffer : part;
    const number = this.#numbers.get(holder);
    if (number !== undefined) {
      this.#put(`["ref",${number}]`);
      return;
    }
    this.#begin(holder);
    this.#bytes("ArrayBuffer", new Uint8Array(buffer, start, end - start));
  }

  #bytes(name: string, bytes: Uint8Array): void {
    // Checked before the copy, which takes a third more.
    if (this.#length + bytes.length > MAX_JOB_BYTES) throw tooLarge();
    const { buffer, byteOffset, length } = bytes;
    this.#node("bytes", name, Buffer.from(buffer, byteOffset, length).toString("base64"));
  }
}

const timeOf = (date: Date): number => Date.prototype.getTime.call(date);
const mapEntries = (map: Map<unknown, unknown>) => Map.prototype.entries.call(map);
const setValues = (set: Set<unknown>) => Set.prototype.values.call(set);

/** Tells whether an object is of a class that has no form of its own. */
function isInstance(value: object): boolean {
  const hasForm =
    types.isDate(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isArrayBuffer(value) ||
    ArrayBuffer.isView(value);
  if (hasForm) return false;
  return Array.isArray(value) ? hasToJson(value) : !isPlain(value) || hasToJson(value);
}

function classOf(value: object): string {
  const { name } = (value as { constructor?: { name?: unknown } }).constructor ?? {};
  return typeof name === "string" && name !== "" ? name : "a class";
}

/** Returns the class of a typed array, also of one that a class extends, as `Buffer` does. */
function viewName(view: ArrayBufferView): string | undefined {
  const tag = Object.prototype.toString.call(view).slice(8, -1);
  return VIEWS.find((view) => view === tag);
}

function numberText(value: number): string {
  if (Number.isFinite(value) && !Object.is(value, -0)) return `${value}`;
  return `["number","${Object.is(value, -0) ? "-0" : value}"]`;
}

function inside(parent: Place, key: string | number): Place {
  return { key, parent, depth: parent.depth + 1 };
}

function cannotTravel(subject: string, place: Place): BadRequest {
  const path = pathOf(place);
  return new BadRequest(path, `${path}: ${subject} cannot be passed to code`);
}

function pathOf({ key, parent }: Place): string {
  if (parent === undefined) return `${key}`;
  if (typeof key === "number") return `${pathOf(parent)}[${key}]`;
  const isName = IDENTIFIER.test(key) || key === "toJSON()";
  return `${pathOf(parent)}${isName ? `.${key}` : `[${JSON.stringify(key)}]`}`;
}

function tooLarge(): PayloadTooLarge {
  return new PayloadTooLarge("input", `input: More than ${MAX_JOB_BYTES} bytes`);
}
