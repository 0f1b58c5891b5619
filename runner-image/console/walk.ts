/** Looks into values without running their code, to know what their text would cost. */
import {
  descriptionOf,
  getOwnPropertyDescriptor,
  getOwnPropertySymbols,
  hasOwn,
  isArray,
  keysOf,
  least,
  mapEntries,
  mapSize,
  nextOfMap,
  nextOfSet,
  setSize,
  setValues,
  typedArrayName,
} from "../base/primordials.ts";
import type { NativeText } from "./native.ts";

/** Items and characters that the runtime may show of one value. */
const MOST_VALUE_ITEMS = 10_000;
export const MOST_VALUE_TEXT = 131_072;
/** Keys of one object, of which all are shown. */
export const MOST_KEYS = 1_000;
/** Characters of a name: a key, or the text of a symbol. */
export const MOST_NAME = 10_000;
/** Items of an array, a Map or a Set that the runtime shows. Next: characters of a string. */
export const SHOWN_ITEMS = 100;
export const SHOWN_TEXT = 10_000;
/** Levels that may be shown, whatever the options say. */
export const MOST_VALUE_LEVELS = 200;
/** Characters that an item takes besides the text in it: its key or place, a comma, brackets. */
const ITEM_TEXT = 10;
/** Bigints beyond have more than 20,000 digits, and their text takes long. */
const LARGEST = 10n ** 20_000n;

/** Tells whether the text of a value is within the bounds. */
export function fits(value: unknown, levels: number, native: NativeText): boolean {
  return new Walk(least(levels, MOST_VALUE_LEVELS), native).visit(value, 0, undefined);
}

/** Estimates the characters that the text of a value takes. It is infinite beyond the bounds. */
export function costOf(value: unknown, levels: number, native: NativeText): number {
  const walk = new Walk(levels, native);
  return walk.visit(value, 0, undefined) ? walk.cost : Infinity;
}

/** Tells whether a bigint has so many digits that writing them would take long. */
export function isLongBigint(value: bigint): boolean {
  return value > LARGEST || value < -LARGEST;
}

/** Returns the value of an own property, or `undefined` for a getter. Runs no code. */
export function ownValue(target: object, key: PropertyKey): unknown {
  const property = getOwnPropertyDescriptor(target, key);
  return property !== undefined && hasOwn(property, "value") ? property.value : undefined;
}

/** Tells whether an object has so many keys that not all can be shown. */
export function isWide(object: object): boolean {
  return !isArray(object) && keysOf(object).length > MOST_KEYS;
}

/** Returns the size of a Map or a Set with a getter of the class, or -1 for another object. */
export function sizeOf<T>(size: (value: T) => number, value: unknown): number {
  try {
    return size(value as T);
  } catch {
    return -1;
  }
}

interface Around {
  readonly value: object;
  readonly around: Around | undefined;
}

class Walk {
  readonly #levels: number;
  readonly #native: NativeText;
  #items = 0;
  #text = 0;

  constructor(levels: number, native: NativeText) {
    this.#levels = levels;
    this.#native = native;
  }

  get cost(): number {
    return this.#text + this.#items * ITEM_TEXT;
  }

  visit(value: unknown, level: number, around: Around | undefined): boolean {
    this.#items += 1;
    switch (typeof value) {
      case "string":
        return this.#takes(least(value.length, SHOWN_TEXT));
      case "bigint":
        return !isLongBigint(value) && this.#takes(0);
      case "symbol":
        return this.#isName(descriptionOf(value));
      case "function":
        return this.#isName(ownValue(value, "name")) && this.#object(value, level, around);
      case "object":
        return value === null ? this.#takes(0) : this.#object(value, level, around);
      default:
        return this.#takes(0);
    }
  }

  #takes(text: number): boolean {
    this.#text += text;
    return this.#text <= MOST_VALUE_TEXT && this.#items <= MOST_VALUE_ITEMS;
  }

  #isText(text: unknown): boolean {
    return this.#takes(typeof text === "string" ? text.length : 0);
  }

  #isName(name: unknown): boolean {
    if (typeof name !== "string") return this.#takes(0);
    return name.length <= MOST_NAME && this.#takes(name.length);
  }

  #object(value: object, level: number, around: Around | undefined): boolean {
    let object = value;
    // A chain of proxies costs the runtime a level of its stack for each.
    for (let i = 0; this.#native.isProxy(object); i += 1) {
      const target = this.#native.targetOf(object);
      if (target === undefined) return this.#takes(0);
      if (i > MOST_VALUE_LEVELS) return false;
      object = target;
    }
    for (let outer = around; outer !== undefined; outer = outer.around) {
      if (outer.value === object) return this.#takes(0);
    }
    if (typedArrayName(object) !== undefined) return this.#takes(0);
    if (this.#native.isBoxed(object)) return this.#boxed(object);
    // Below the last level the runtime shows only a name, but it lists the keys nevertheless.
    if (level > this.#levels)
      return this.#takes(0) && !isWide(object) && level <= MOST_VALUE_LEVELS;
    const inside = { value: object, around };
    if (isArray(object)) return this.#array(object, level + 1, inside);
    return (
      this.#error(object, level + 1, inside) &&
      this.#entries(object, level + 1, inside) &&
      this.#keys(object, level + 1, inside)
    );
  }

  /** Allows the objects around short strings alone: each character is a key of the object. */
  #boxed(object: object): boolean {
    const length = ownValue(object, "length");
    return typeof length !== "number" || (length <= MOST_NAME && this.#takes(length));
  }

  #array(value: readonly unknown[], level: number, inside: Around): boolean {
    const shown = least(value.length, SHOWN_ITEMS);
    for (let i = 0; i < shown; i += 1) {
      if (!this.visit(ownValue(value, i), level, inside)) return false;
    }
    return true;
  }

  #error(object: object, level: number, inside: Around): boolean {
    if (!this.#native.isError(object)) return true;
    return (
      this.#isText(ownValue(object, "message")) &&
      this.#isText(ownValue(object, "stack")) &&
      this.visit(ownValue(object, "cause"), level, inside) &&
      this.visit(ownValue(object, "errors"), level, inside)
    );
  }

  #entries(object: object, level: number, inside: Around): boolean {
    const ofMap = sizeOf(mapSize, object);
    if (ofMap > 0) {
      const entries = mapEntries(object as Map<unknown, unknown>);
      for (let i = 0; i < ofMap && i < SHOWN_ITEMS; i += 1) {
        const { value } = nextOfMap(entries);
        if (!this.visit(value[0], level, inside)) return false;
        if (!this.visit(value[1], level, inside)) return false;
      }
    }
    const ofSet = ofMap < 0 ? sizeOf(setSize, object) : 0;
    if (ofSet > 0) {
      const items = setValues(object as Set<unknown>);
      for (let i = 0; i < ofSet && i < SHOWN_ITEMS; i += 1) {
        if (!this.visit(nextOfSet(items).value, level, inside)) return false;
      }
    }
    return true;
  }

  #keys(object: object, level: number, inside: Around): boolean {
    const keys = keysOf(object);
    const symbols = getOwnPropertySymbols(object);
    if (keys.length + symbols.length > MOST_KEYS) return false;
    for (let i = 0; i < symbols.length; i += 1) {
      const symbol = symbols[i] as symbol;
      if (!this.#isName(descriptionOf(symbol))) return false;
      if (!this.visit(ownValue(object, symbol), level, inside)) return false;
    }
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      if (!this.#isName(key) || !this.visit(ownValue(object, key), level, inside)) return false;
    }
    return true;
  }
}
