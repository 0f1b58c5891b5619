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
 */
import { MAX_DEPTH, MAX_NUMERIC_KEYS } from "./limits.ts";

export interface RichResult {
  readonly text: string;
  readonly binary: Uint8Array;
}

/** Thrown for text that is no rich result. */
export class RichError extends Error {
  override readonly name = "RichError";
}

type Binary = { readonly BYTES_PER_ELEMENT: number } & (new (buffer: ArrayBuffer) => object);

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
    const value = this.#value(node, 0);
    // Bytes that no node names mean a forged result.
    if (this.#read !== this.#binary.length) throw new RichError("The result holds unused bytes");
    return value;
  }

  #value(node: unknown, depth: number): unknown {
    if (typeof node !== "object" || node === null) return node;
    if (depth > MAX_DEPTH) {
      throw new RichError(`The result is nested deeper than ${MAX_DEPTH} levels`);
    }
    if (Array.isArray(node)) return this.#tagged(node, depth + 1);
    const entries = Object.entries(node);
    for (const entry of entries) entry[1] = this.#value(entry[1], depth + 1);
    // `fromEntries` defines each member: `__proto__` is a name like others.
    return Object.fromEntries(entries);
  }

  #tagged([tag, ...content]: unknown[], depth: number): unknown {
    const [first, second] = content;
    switch (tag) {
      case "array":
        return content.map((item) => this.#value(item, depth));
      case "undefined":
        return content.length === 0 ? undefined : malformed();
      case "number":
        return content.length === 1 ? (NUMBERS.get(first) ?? malformed()) : malformed();
      case "bigint":
        return content.length === 1 ? toBigInt(first) : malformed();
      case "date":
        return content.length === 1 ? toDate(first) : malformed();
      case "map":
        return this.#map(content, depth);
      case "set":
        return new Set(content.map((item) => this.#key(item, depth)));
      case "bytes":
        return content.length === 2 ? this.#bytes(first, second) : malformed();
      default:
        return malformed();
    }
  }

  #map(content: readonly unknown[], depth: number): Map<unknown, unknown> {
    if (content.length % 2 !== 0) malformed();
    const map = new Map<unknown, unknown>();
    for (let at = 0; at < content.length; at += 2) {
      map.set(this.#key(content[at], depth), this.#value(content[at + 1], depth));
    }
    return map;
  }

  #key(node: unknown, depth: number): unknown {
    const key = this.#value(node, depth);
    if (typeof key === "number" || typeof key === "bigint") this.#numericKeys += 1;
    if (this.#numericKeys > MAX_NUMERIC_KEYS) {
      throw new RichError(`The result has more than ${MAX_NUMERIC_KEYS} numbers as keys`);
    }
    return key;
  }

  /** Copies the next `length` bytes: no two values share memory, and none keeps the rest alive. */
  #bytes(name: unknown, length: unknown): object {
    const left = this.#binary.length - this.#read;
    if (!Number.isSafeInteger(length)) return malformed();
    const size = length as number;
    if (size < 0 || size > left) malformed();
    const buffer = new ArrayBuffer(size);
    new Uint8Array(buffer).set(this.#binary.subarray(this.#read, this.#read + size));
    this.#read += size;
    if (name === "ArrayBuffer") return buffer;
    const Type = BINARY.get(name);
    if (Type === undefined || size % Type.BYTES_PER_ELEMENT !== 0) return malformed();
    return new Type(buffer);
  }
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
