/**
 * A result that can be read as the value it was. It has two parts: JSON text, and the bytes of all
 * binary values in their order. In the text every array is a node that begins with its tag. All
 * other JSON stands for itself. The nodes:
 *
 * - `["array", …items]`, `["undefined"]`, `["number", "NaN"]` (also `Infinity`, `-Infinity`, `-0`)
 * - `["bigint", "-1f"]` (hexadecimal, because it is quick to read at any length)
 * - `["date", ms]` (`null` for an invalid date), `["map", key, value, …]`, `["set", …items]`
 * - `["bytes", "Uint8Array", length]`
 *
 * A sandbox writes it (runner-image/rich.ts), so every node is checked here.
 *
 * An input that JSON cannot hold is written by the host (src/request/write-input.ts), as one text.
 * It begins with `rich:`, which no JSON does. Its bytes are in the nodes, and it has more:
 *
 * - `["bytes", "Uint8Array", base64]`
 * - `["view", "Uint8Array", offset, length, buffer]`: bytes of a buffer that others show, too
 * - `["regexp", source, flags, lastIndex]`, `["error", class, {message, …}]`
 * - `["bare", {…}]`: an object without a prototype
 * - `["ref", n]`: the object that began as number n, counted from 0 in the order of the text
 */
import { MAX_DEPTH, MAX_NUMERIC_KEYS } from "./limits.ts";

export interface RichResult {
  readonly text: string;
  readonly binary: Uint8Array;
}

/** Begins the text of an input that JSON cannot hold. */
export const RICH_INPUT = "rich:";

/** Classes of views over bytes that inputs may have, and that level `none` shares with its host. */
export const VIEWS = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float32Array",
  "Float64Array",
] as const;

/** Thrown for text that is no rich result. */
export class RichError extends Error {
  override readonly name = "RichError";
}

type Binary = { readonly BYTES_PER_ELEMENT: number } & (new (
  buffer: ArrayBuffer,
  offset?: number,
  length?: number,
) => object);

/** Classes of binary values; an `ArrayBuffer` is one, too. */
const BINARY = new Map<unknown, Binary>(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
    Float32Array,
    Float64Array,
  ].map((type) => [type.name, type]),
);
const NUMBERS = new Map<unknown, number>([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);
/** Classes of errors that an input may hold. */
const ERRORS = new Map<unknown, () => Error>([
  ["AggregateError", () => new AggregateError([])],
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (type) => [type.name, () => new type()] as const,
  ),
]);
/** Properties of errors that are not enumerable. */
const HIDDEN = ["message", "stack", "cause"];
const OWN = { configurable: true, enumerable: true, writable: true };
const MAX_DATE = 8.64e15;

/**
 * Reads a rich result into values of this realm.
 *
 * @throws {RichError} For a malformed result. It throws nothing else.
 */
export function decodeRich({ text, binary }: RichResult): unknown {
  const decoder = new Decoder(binary);
  return decoder.all(parse(text));
}

/**
 * Reads an input that begins with `RICH_INPUT` into values of this realm.
 *
 * @throws {RichError} For a malformed input.
 */
export function decodeRichInput(text: string): unknown {
  return new InputDecoder().all(parse(text.slice(RICH_INPUT.length)));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RichError("The result is not JSON");
  }
}

class Decoder {
  readonly #binary: Uint8Array;
  #read = 0;
  #numericKeys = 0;

  constructor(binary: Uint8Array) {
    this.#binary = binary;
  }

  all(node: unknown): unknown {
    const value = this.value(node, 0);
    // Bytes that no node names mean a forged result.
    if (this.#read !== this.#binary.length) throw new RichError("The result holds unused bytes");
    return value;
  }

  protected value(node: unknown, depth: number): unknown {
    if (typeof node !== "object" || node === null) return node;
    if (depth > MAX_DEPTH) {
      throw new RichError(`The result is nested deeper than ${MAX_DEPTH} levels`);
    }
    if (Array.isArray(node)) return this.tagged(node, depth + 1);
    return this.members(this.begun({}), node, depth + 1);
  }

  /** Defines each member: `__proto__` is a name like others. */
  protected members(object: object, node: object, depth: number): object {
    for (const [name, member] of Object.entries(node)) {
      const value = this.value(member, depth);
      Object.defineProperty(object, name, { ...OWN, value });
    }
    return object;
  }

  /** Notes an object before its content is read. Returns it. */
  protected begun<T extends object>(object: T): T {
    return object;
  }

  protected tagged([tag, ...content]: unknown[], depth: number): unknown {
    const [first, second] = content;
    switch (tag) {
      case "array":
        return this.#array(content, depth);
      case "undefined":
        return content.length === 0 ? undefined : malformed();
      case "number":
        return content.length === 1 ? (NUMBERS.get(first) ?? malformed()) : malformed();
      case "bigint":
        return content.length === 1 ? toBigInt(first) : malformed();
      case "date":
        return content.length === 1 ? this.begun(toDate(first)) : malformed();
      case "map":
        return this.#map(content, depth);
      case "set":
        return this.#set(content, depth);
      case "bytes":
        return content.length === 2 ? this.bytes(first, second) : malformed();
      default:
        return malformed();
    }
  }

  #array(content: readonly unknown[], depth: number): unknown[] {
    const array = this.begun<unknown[]>([]);
    for (const item of content) array.push(this.value(item, depth));
    return array;
  }

  #map(content: readonly unknown[], depth: number): Map<unknown, unknown> {
    if (content.length % 2 !== 0) malformed();
    const map = this.begun(new Map<unknown, unknown>());
    for (let at = 0; at < content.length; at += 2) {
      map.set(this.#key(content[at], depth), this.value(content[at + 1], depth));
    }
    return map;
  }

  #set(content: readonly unknown[], depth: number): Set<unknown> {
    const set = this.begun(new Set<unknown>());
    for (const item of content) set.add(this.#key(item, depth));
    return set;
  }

  #key(node: unknown, depth: number): unknown {
    const key = this.value(node, depth);
    if (typeof key === "number" || typeof key === "bigint") this.countNumericKey();
    return key;
  }

  protected countNumericKey(): void {
    this.#numericKeys += 1;
    if (this.#numericKeys > MAX_NUMERIC_KEYS) {
      throw new RichError(`The result has more than ${MAX_NUMERIC_KEYS} numbers as keys`);
    }
  }

  /** Copies the next `length` bytes: no two values share memory, and none keeps the rest alive. */
  protected bytes(name: unknown, length: unknown): object {
    const left = this.#binary.length - this.#read;
    if (!Number.isSafeInteger(length)) return malformed();
    const size = length as number;
    if (size < 0 || size > left) malformed();
    const buffer = new ArrayBuffer(size);
    new Uint8Array(buffer).set(this.#binary.subarray(this.#read, this.#read + size));
    this.#read += size;
    return viewOf(name, buffer);
  }
}

/** Reads what the host has written. Its nodes hold their bytes, and may name earlier objects. */
class InputDecoder extends Decoder {
  readonly #objects: object[] = [];

  constructor() {
    super(new Uint8Array(0));
  }

  protected override begun<T extends object>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  protected override tagged(node: unknown[], depth: number): unknown {
    const [tag, first, second, third, fourth] = node;
    switch (tag) {
      case "ref":
        return this.#objects[first as number] ?? malformed();
      case "regexp":
        return this.#regexp(first as string, second as string, third as number);
      case "bare":
        return this.members(this.begun(Object.create(null)), first as object, depth);
      case "view":
        return this.#view(first, second as number, third as number, this.value(fourth, depth));
      case "error":
        return this.#error(first, second as object, depth);
      default:
        return super.tagged(node, depth);
    }
  }

  #regexp(source: string, flags: string, lastIndex: number): RegExp {
    const regexp = this.begun(new RegExp(source, flags));
    regexp.lastIndex = lastIndex;
    return regexp;
  }

  #view(name: unknown, offset: number, length: number, buffer: unknown): object {
    const Type = BINARY.get(name) ?? malformed();
    const items = length / Type.BYTES_PER_ELEMENT;
    return this.begun(new Type(buffer as ArrayBuffer, offset, items));
  }

  #error(name: unknown, members: object, depth: number): Error {
    const make = ERRORS.get(name) ?? malformed();
    const error = this.begun(make());
    Reflect.deleteProperty(error, "errors");
    // An error of this realm has a stack of its own, which says nothing about the host's error.
    Reflect.deleteProperty(error, "stack");
    this.members(error, members, depth);
    for (const key of name === "AggregateError" ? [...HIDDEN, "errors"] : HIDDEN) {
      if (Object.hasOwn(error, key)) Object.defineProperty(error, key, { enumerable: false });
    }
    return error;
  }

  /** Counts nothing: the host is trusted, and the limit is for what a sandbox could send it. */
  protected override countNumericKey(): void {}

  protected override bytes(name: unknown, base64: unknown): object {
    const text = atob(base64 as string);
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    return this.begun(viewOf(name, bytes.buffer));
  }
}

function viewOf(name: unknown, buffer: ArrayBuffer): object {
  if (name === "ArrayBuffer") return buffer;
  const Type = BINARY.get(name);
  if (Type === undefined || buffer.byteLength % Type.BYTES_PER_ELEMENT !== 0) return malformed();
  return new Type(buffer);
}

function toBigInt(digits: unknown): bigint {
  if (typeof digits !== "string" || !/^-?[0-9a-f]+$/.test(digits)) return malformed();
  return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function toDate(time: unknown): Date {
  if (time === null) return new Date(Number.NaN);
  const isTime = Number.isInteger(time) && Math.abs(time as number) <= MAX_DATE;
  return isTime ? new Date(time as number) : malformed();
}

function malformed(): never {
  throw new RichError("The result is malformed");
}
