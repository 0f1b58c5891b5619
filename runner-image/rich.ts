import { MAX_DEPTH, MAX_NUMERIC_KEYS, type OutputLimits } from "../src/protocol/limits.ts";
import type { RichResult } from "../src/protocol/rich.ts";
import { described, RunnerFault } from "./base/faults.ts";
import {
  apply,
  bigintText,
  bufferOfArray,
  getPrototypeOf,
  indexOfText,
  isArray,
  isFiniteNumber,
  isRawJson,
  isSame,
  keysOf,
  mapForEach,
  mapSize,
  NativeBytes,
  NativeError,
  NativeSet,
  offsetOfArray,
  setAdd,
  setBytes,
  setDelete,
  setForEach,
  setHas,
  setSize,
  sizeOfArray,
  sizeOfBuffer,
  stringifyJson,
  timeOf,
  typedArrayName,
} from "./base/primordials.ts";
import { className, hidesContent, is, tagName, withArticle } from "./brands.ts";
import { type Place, pathOf } from "./place.ts";

/** Typed arrays that exist in every runtime that may read them. */
const TYPED =
  " Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float32Array Float64Array ";
/** Classes whose content is no property. Such an object would be written as an empty one. */
const OPAQUE =
  " Promise WeakMap WeakSet WeakRef SharedArrayBuffer DataView Generator AsyncGenerator Number String Boolean ";
/** Prototype of most objects. */
const plain = Object.prototype;
const { iterator, asyncIterator } = Symbol;

interface DeepPlace extends Place {
  readonly parent: DeepPlace | undefined;
  readonly depth: number;
}

/**
 * Writes the returned value so that it can be read as it was: see src/protocol/rich.ts. `undefined`
 * stays `undefined`. An object with a `toJSON` and no form of its own becomes the result of that
 * method. Errors become name and message, other objects their own enumerable properties.
 *
 * @throws {RunnerFault} `SerializationError`, with the place in the result, for functions, symbols,
 * circles and opaque objects such as a promise. `OutputLimitError` for too much.
 */
export function encodeRich(value: unknown, limits: OutputLimits): RichResult | undefined {
  if (value === undefined) return undefined;
  const encoder = new Encoder(limits);
  try {
    return encoder.encode(value);
  } catch (thrown) {
    if (thrown instanceof RunnerFault) throw thrown;
    const message = `The result cannot be written: ${described(thrown)}: ${encoder.path}`;
    throw new RunnerFault("SerializationError", message);
  }
}

class Encoder {
  readonly #limits: OutputLimits;
  readonly #views = new NativeSet<Uint8Array>();
  /** Objects being written. An object that contains itself is found here and refused. */
  readonly #open = new NativeSet<object>();
  /** Object being written. */
  #place: Place | undefined;
  #text = "";
  #binaryBytes = 0;
  #numericKeys = 0;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
  }

  /** Path of the object being written. */
  get path(): string {
    return this.#place === undefined ? "result" : pathOf(this.#place);
  }

  encode(value: unknown): RichResult {
    this.#value(value, "result", undefined);
    const binary = new NativeBytes(this.#binaryBytes);
    let filled = 0;
    setForEach(this.#views, (view) => {
      setBytes(binary, view, filled);
      filled += sizeOfArray(view);
    });
    return { text: this.#text, binary };
  }

  #put(text: string): void {
    this.#text += text;
    this.#assertRoom();
  }

  #assertRoom(more = 0): void {
    const { resultBytes } = this.#limits;
    if (this.#text.length + this.#binaryBytes + more <= resultBytes) return;
    throw new RunnerFault("OutputLimitError", `The result exceeds ${resultBytes} bytes`);
  }

  #value(value: unknown, key: string | number, parent: DeepPlace | undefined): void {
    const depth = parent === undefined ? 0 : parent.depth + 1;
    if (typeof value === "object" && value !== null) this.#object(value, { key, parent, depth });
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "bigint") this.#put(`["bigint","${bigintText(value, 16)}"]`);
    else if (typeof value === "undefined") this.#put('["undefined"]');
    else if (typeof value === "number" && !isPlain(value)) {
      this.#put(`["number","${isSame(value, -0) ? "-0" : value}"]`);
    } else if (typeof value !== "function" && typeof value !== "symbol") this.#put(`${value}`);
    else throw unwritable(`A ${typeof value}`, { key, parent, depth });
  }

  #string(value: string): void {
    // Checked before the copy, as in serialize.ts.
    this.#assertRoom(value.length);
    this.#put(stringifyJson(value));
  }

  #object(value: object, place: DeepPlace): void {
    if (place.depth >= MAX_DEPTH) {
      const message = `The result is nested deeper than ${MAX_DEPTH} levels`;
      throw new RunnerFault("SerializationError", message);
    }
    if (setHas(this.#open, value)) throw unwritable("A circle", place);
    setAdd(this.#open, value);
    this.#place = place;
    this.#content(value, place);
    this.#place = place.parent;
    setDelete(this.#open, value);
  }

  #content(value: object, place: DeepPlace): void {
    if (isArray(value)) this.#array(value, place);
    // A quick test for most objects; none with a form of its own has this prototype.
    else if (getPrototypeOf(value) === plain) this.#asJson(value, place);
    else if (isRawJson?.(value)) this.#put(stringifyJson(value));
    else if (!this.#ofItsOwn(value, place)) this.#asJson(value, place);
  }

  /** Writes an object that has a form of its own. Returns false if it has none. */
  #ofItsOwn(value: object, place: DeepPlace): boolean {
    const name = typedArrayName(value);
    if (name !== undefined) this.#typedArray(value as Uint8Array, name, place);
    else {
      const tag = tagName(value);
      if (tag === "Date" && is(timeOf, value)) this.#date(value as Date);
      else if (tag === "Map" && is(mapSize, value))
        this.#map(value as Map<unknown, unknown>, place);
      else if (tag === "Set" && is(setSize, value)) this.#set(value as Set<unknown>, place);
      else if (tag === "ArrayBuffer" && is(sizeOfBuffer, value)) {
        this.#bytes(new NativeBytes(value as ArrayBuffer), tag);
      } else if (indexOfText(OPAQUE, ` ${tag} `) >= 0) throw unwritable(withArticle(tag), place);
      else return false;
    }
    return true;
  }

  #asJson(value: object, place: DeepPlace): void {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") this.#value(apply(toJSON, value, []), "toJSON()", place);
    else if (!(value instanceof NativeError)) this.#own(value, place);
    else this.#properties({ name: value.name, message: value.message }, place);
  }

  #own(value: object, place: DeepPlace): void {
    const isEmpty = keysOf(value).length === 0;
    if (isEmpty && (isUnread(value) || (getPrototypeOf(value) !== plain && hidesContent(value)))) {
      throw unwritable(className(value), place);
    }
    this.#properties(value, place);
  }

  #array(items: readonly unknown[], place: DeepPlace): void {
    this.#put('["array"');
    for (let i = 0; i < items.length; i += 1) {
      this.#put(",");
      this.#value(items[i], i, place);
    }
    this.#put("]");
  }

  #properties(object: object, place: DeepPlace): void {
    const keys = keysOf(object);
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      this.#put(`${i === 0 ? "{" : ","}${stringifyJson(key)}:`);
      this.#value((object as Record<string, unknown>)[key], key, place);
    }
    this.#put(keys.length === 0 ? "{}" : "}");
  }

  #map(map: Map<unknown, unknown>, place: DeepPlace): void {
    let count = 0;
    this.#put('["map"');
    mapForEach(map, (value, key) => {
      this.#key(key, count, place);
      this.#put(",");
      this.#value(value, count, place);
      count += 1;
    });
    this.#put("]");
  }

  #set(set: Set<unknown>, place: DeepPlace): void {
    let count = 0;
    this.#put('["set"');
    setForEach(set, (item) => {
      this.#key(item, count, place);
      count += 1;
    });
    this.#put("]");
  }

  #key(key: unknown, at: number, place: DeepPlace): void {
    if (typeof key === "number" || typeof key === "bigint") this.#numericKeys += 1;
    if (this.#numericKeys > MAX_NUMERIC_KEYS) {
      const message = `The result has more than ${MAX_NUMERIC_KEYS} numbers as keys`;
      throw new RunnerFault("OutputLimitError", message);
    }
    this.#put(",");
    this.#value(key, at, place);
  }

  #date(date: Date): void {
    const time = timeOf(date);
    this.#put(`["date",${isFiniteNumber(time) ? time : null}]`);
  }

  #typedArray(array: Uint8Array, name: string, place: DeepPlace): void {
    if (indexOfText(TYPED, ` ${name} `) < 0) throw unwritable(withArticle(name), place);
    const view = new NativeBytes(bufferOfArray(array), offsetOfArray(array), sizeOfArray(array));
    this.#bytes(view, name);
  }

  #bytes(view: Uint8Array, name: string): void {
    const size = sizeOfArray(view);
    this.#binaryBytes += size;
    this.#put(`["bytes","${name}",${size}]`);
    setAdd(this.#views, view);
  }
}

function unwritable(what: string, place: DeepPlace): RunnerFault {
  const message = `${what} cannot be returned: ${pathOf(place)}`;
  return new RunnerFault("SerializationError", message);
}

/** Tells whether an object only gives its content when it is iterated or awaited. */
function isUnread(value: object): boolean {
  const { then, [iterator]: one, [asyncIterator]: other } = value as Record<PropertyKey, unknown>;
  return typeof then === "function" || typeof one === "function" || typeof other === "function";
}

function isPlain(value: number): boolean {
  return isFiniteNumber(value) && !isSame(value, -0);
}
