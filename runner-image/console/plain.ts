import {
  ArrayPrototype,
  getOwnPropertyDescriptor,
  getOwnPropertySymbols,
  getPrototypeOf,
  hasOwn,
  isArray,
  isFiniteNumber,
  isSame,
  keysOf,
  most,
  ObjectPrototype,
  sliceText,
  stringifyJson,
  toText,
} from "../base/primordials.ts";
import type { NativeText } from "./native.ts";

/** Characters of JSON after which the rest of each container is only counted. */
const MOST_PLAIN_TEXT = 65_000;
/** Levels of plain data. Deeper values are not taken for it. */
const MOST_PLAIN_LEVELS = 100;
/** Items of an array up to which it is searched for holes and other properties. */
const SEARCHED = 30_000;

/** Containers around a value, the innermost first. */
interface Around {
  readonly value: object;
  readonly around: Around | undefined;
  readonly level: number;
}

/**
 * Writes plain data as JSON. Plain are arrays without holes, objects made by literals, strings,
 * finite numbers but `-0`, booleans and `null`: all that JSON holds exactly. Runs no code of the
 * value.
 *
 * @returns The text, or `undefined` for a value that is not plain.
 */
export function plainText(value: object, native: NativeText): string | undefined {
  const writer = new PlainWriter(native);
  return writer.write(value, undefined) ? writer.text : undefined;
}

class PlainWriter {
  text = "";
  readonly #native: NativeText;

  constructor(native: NativeText) {
    this.#native = native;
  }

  /** Writes a value. Returns false if it is not plain. */
  write(value: unknown, around: Around | undefined): boolean {
    switch (typeof value) {
      case "string":
        this.#string(value);
        return true;
      case "number":
        if (!isFiniteNumber(value) || isSame(value, -0)) return false;
        this.text += toText(value);
        return true;
      case "boolean":
        this.text += toText(value);
        return true;
      case "object":
        if (value !== null) return this.#container(value, around);
        this.text += "null";
        return true;
      default:
        return false;
    }
  }

  #string(value: string): void {
    const left = MOST_PLAIN_TEXT - this.text.length;
    if (value.length <= left || value.length < 100) {
      this.text += stringifyJson(value);
      return;
    }
    const shown = most(left, 100);
    const rest = value.length - shown;
    if (rest <= 0) this.text += stringifyJson(value);
    else this.text += `${stringifyJson(sliceText(value, 0, shown))}... ${rest} more characters`;
  }

  #container(value: object, around: Around | undefined): boolean {
    const level = (around?.level ?? 0) + 1;
    if (level > MOST_PLAIN_LEVELS || this.#native.isProxy(value)) return false;
    for (let outer = around; outer !== undefined; outer = outer.around) {
      if (outer.value === value) return false;
    }
    const inside = { value, around, level };
    if (isArray(value)) return this.#array(value, inside);
    return this.#object(value, inside);
  }

  #array(value: unknown[], inside: Around): boolean {
    if (getPrototypeOf(value) !== ArrayPrototype) return false;
    const { length } = value;
    if (length <= SEARCHED && keysOf(value).length !== length) return false;
    if (getOwnPropertySymbols(value).length > 0) return false;
    this.text += "[";
    for (let i = 0; i < length; i += 1) {
      if (i > 0) this.text += ",";
      if (this.#isFull(length - i)) break;
      if (!this.#member(value, i, inside)) return false;
    }
    this.text += "]";
    return true;
  }

  #object(value: object, inside: Around): boolean {
    if (getPrototypeOf(value) !== ObjectPrototype || this.#native.isArguments(value)) return false;
    if (getOwnPropertySymbols(value).length > 0 || this.#native.isError(value)) return false;
    const keys = keysOf(value);
    this.text += "{";
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      if (i > 0) this.text += ",";
      if (this.#isFull(keys.length - i)) break;
      this.#string(key);
      this.text += ":";
      if (!this.#member(value, key, inside)) return false;
    }
    this.text += "}";
    return true;
  }

  #member(value: object, key: PropertyKey, inside: Around): boolean {
    const property = getOwnPropertyDescriptor(value, key);
    if (property === undefined || !hasOwn(property, "value")) return false;
    return this.write(property.value, inside);
  }

  /** Ends a container early once there is enough text, and says how many of its items are left. */
  #isFull(rest: number): boolean {
    if (this.text.length < MOST_PLAIN_TEXT) return false;
    this.text += ` ... ${rest} more items`;
    return true;
  }
}
