/** Makes copies of values whose text would cost too much, with words in place of what is left out. */
import { clip } from "../../src/protocol/limits.ts";
import {
  createObject,
  defineProperty,
  descriptionOf,
  getOwnPropertyDescriptor,
  getOwnPropertySymbols,
  getPrototypeOf,
  hasOwn,
  isArray,
  keysOf,
  least,
  mapEntries,
  mapSet,
  mapSize,
  NativeError,
  NativeMap,
  NativeSet,
  NativeWeakMap,
  nextOfMap,
  nextOfSet,
  setAdd,
  setPrototypeOf,
  setSize,
  setValues,
  sliceText,
  stringifyJson,
  tagOf,
  typedArrayName,
  weakMapGet,
  weakMapSet,
} from "../base/primordials.ts";
import { define } from "./lists.ts";
import type { NativeText } from "./native.ts";
import {
  isLongBigint,
  isWide,
  MOST_KEYS,
  MOST_NAME,
  MOST_VALUE_LEVELS,
  MOST_VALUE_TEXT,
  ownValue,
  SHOWN_ITEMS,
  SHOWN_TEXT,
  sizeOf,
} from "./walk.ts";

/** Symbols under which the runtime looks for the text of an object. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const { toPrimitive } = Symbol;
const DENO_INSPECT = Symbol.for("Deno.customInspect");

/** Items that a copy holds. Each takes room on a line, so a message has no room for more. */
const MOST_COPIED_ITEMS = 5_000;
/** Characters of a name or a text that has been cut. */
const CUT_TEXT = 100;

/** Copies a value up to the bounds. Runs no getter of the value. */
export function cutCopy(value: unknown, levels: number, native: NativeText): unknown {
  try {
    return new Copier(least(levels, MOST_VALUE_LEVELS), native).copy(value, 0);
  } catch {
    // A getter of the text of an error, or of a tag, is code that may throw.
    return words("[unprintable]");
  }
}

class Copier {
  readonly #levels: number;
  readonly #native: NativeText;
  readonly #copies = new NativeWeakMap<object, object>();
  /** Items of each copy that is complete: the runtime shows them again wherever the copy is. */
  readonly #sizes = new NativeWeakMap<object, number>();
  #items = 0;
  #text = 0;

  constructor(levels: number, native: NativeText) {
    this.#levels = levels;
    this.#native = native;
  }

  copy(value: unknown, level: number): unknown {
    this.#items += 1;
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "bigint":
        return isLongBigint(value) ? words("[BigInt of more than 20000 digits]") : value;
      case "symbol": {
        const { length = 0 } = descriptionOf(value) ?? "";
        return length > MOST_NAME
          ? words(`Symbol(${cutText(descriptionOf(value) as string)})`)
          : value;
      }
      case "function":
        return this.#function(value);
      case "object":
        return value === null ? null : this.#object(value, level);
      default:
        return value;
    }
  }

  #string(value: string): unknown {
    this.#text += least(value.length, SHOWN_TEXT);
    if (this.#text <= MOST_VALUE_TEXT || value.length <= CUT_TEXT) return value;
    return words(
      `${stringifyJson(sliceText(value, 0, CUT_TEXT))}... ${value.length - CUT_TEXT} more characters`,
    );
  }

  #function(value: unknown): unknown {
    const name = ownValue(value as object, "name");
    if (typeof name === "string" && name.length > MOST_NAME) {
      return words(`[Function: ${cutText(name)}]`);
    }
    return isWide(value as object) ? words(`[Function: ${name}]`) : value;
  }

  #object(value: object, level: number): unknown {
    let object = value;
    for (let i = 0; this.#native.isProxy(object); i += 1) {
      const target = this.#native.targetOf(object);
      if (target === undefined) return value;
      if (i > MOST_VALUE_LEVELS) return words("[Proxy]");
      object = target;
    }
    if (typeof object === "function") return this.#function(object);
    const before = weakMapGet(this.#copies, object);
    if (before !== undefined) {
      this.#items += (weakMapGet(this.#sizes, object) as number | undefined) ?? 0;
      return this.#items > MOST_COPIED_ITEMS ? this.#named(object) : before;
    }
    if (typedArrayName(object) !== undefined) return object;
    if (this.#native.isBoxed(object)) return boxed(object);
    if (level > this.#levels || this.#items > MOST_COPIED_ITEMS || this.#text > MOST_VALUE_TEXT) {
      return this.#named(object);
    }
    const items = this.#items;
    const copy = this.#container(object, level);
    weakMapSet(this.#sizes, object, this.#items - items);
    return copy;
  }

  #named(object: object): object {
    return words(`[${this.#className(object)}]`);
  }

  #container(object: object, level: number): unknown {
    if (this.#hasOwnText(object)) return object;
    if (isArray(object)) return this.#array(object, level);
    if (this.#native.isError(object)) return this.#error(object, level);
    if (sizeOf(mapSize, object) >= 0) return this.#map(object as Map<unknown, unknown>, level);
    if (sizeOf(setSize, object) >= 0) return this.#set(object as Set<unknown>, level);
    const tag = tagOf(object);
    // Anything else with a state of its own is no longer what it is once it is copied.
    if (tag !== "[object Object]" && !isWide(object)) return object;
    return this.#ordinary(object, level);
  }

  #remember<T extends object>(object: object, copy: T): T {
    weakMapSet(this.#copies, object, copy);
    return copy;
  }

  #array(value: readonly unknown[], level: number): object {
    const copy = this.#remember(value, [] as unknown[]);
    setPrototypeOf(copy, getPrototypeOf(value));
    const shown = least(value.length, SHOWN_ITEMS);
    for (let i = 0; i < shown; i += 1) this.#property(value, copy, i, level);
    // The runtime says how many items follow those it shows.
    copy.length = value.length;
    return copy;
  }

  #ordinary(value: object, level: number): object {
    const copy = this.#remember(value, createObject(getPrototypeOf(value)) as object);
    this.#keys(value, copy, level);
    return copy;
  }

  #error(value: object, level: number): object {
    const copy = this.#remember(value, new NativeError() as object);
    setPrototypeOf(copy, getPrototypeOf(value));
    const { stack } = value as { stack?: unknown };
    const text = typeof stack === "string" ? clip(stack, SHOWN_TEXT) : stack;
    defineProperty(copy, "stack", hidden(text));
    const message = ownValue(value, "message");
    if (typeof message === "string") {
      defineProperty(copy, "message", hidden(clip(message, SHOWN_TEXT)));
    }
    if (hasOwn(value, "cause")) {
      defineProperty(copy, "cause", hidden(this.copy(ownValue(value, "cause"), level + 1)));
    }
    if (hasOwn(value, "errors")) {
      defineProperty(copy, "errors", hidden(this.copy(ownValue(value, "errors"), level + 1)));
    }
    this.#keys(value, copy, level);
    return copy;
  }

  #map(value: Map<unknown, unknown>, level: number): object {
    const size = mapSize(value);
    const copy = this.#remember(value, new NativeMap<unknown, unknown>());
    setPrototypeOf(copy, getPrototypeOf(value));
    const entries = mapEntries(value);
    for (let i = 0; i < size && i < SHOWN_ITEMS; i += 1) {
      const entry = nextOfMap(entries).value;
      mapSet(copy, this.copy(entry[0], level + 1), this.copy(entry[1], level + 1));
    }
    if (size > SHOWN_ITEMS) mapSet(copy, words("..."), words(`${size - SHOWN_ITEMS} more items`));
    this.#keys(value, copy, level);
    return copy;
  }

  #set(value: Set<unknown>, level: number): object {
    const size = setSize(value);
    const copy = this.#remember(value, new NativeSet<unknown>());
    setPrototypeOf(copy, getPrototypeOf(value));
    const items = setValues(value);
    for (let i = 0; i < size && i < SHOWN_ITEMS; i += 1) {
      setAdd(copy, this.copy(nextOfSet(items).value, level + 1));
    }
    if (size > SHOWN_ITEMS) setAdd(copy, words(`... ${size - SHOWN_ITEMS} more items`));
    this.#keys(value, copy, level);
    return copy;
  }

  #keys(value: object, copy: object, level: number): void {
    const keys = keysOf(value);
    const symbols = getOwnPropertySymbols(value);
    const all = keys.length + symbols.length;
    const most = all > MOST_KEYS ? SHOWN_ITEMS : all;
    for (let i = 0; i < keys.length && i < most; i += 1) {
      this.#property(value, copy, keys[i] as string, level);
    }
    for (let i = 0; i < symbols.length && keys.length + i < most; i += 1) {
      this.#property(value, copy, symbols[i] as symbol, level);
    }
    if (all > most) define(copy, "...", words(`${all - most} more items`));
  }

  #property(value: object, copy: object, key: PropertyKey, level: number): void {
    const property = getOwnPropertyDescriptor(value, key);
    if (property === undefined) return;
    let name = key;
    if (typeof key === "string" && key.length > MOST_NAME) name = cutText(key);
    if (typeof key === "symbol" && (descriptionOf(key) ?? "").length > MOST_NAME) {
      name = cutText(descriptionOf(key) as string);
    }
    if (typeof name === "string") this.#text += name.length;
    if (hasOwn(property, "value")) property.value = this.copy(property.value, level + 1);
    property.configurable = true;
    setPrototypeOf(property, null);
    defineProperty(copy, name, property);
  }

  /** Tells whether an object makes its own text. A copy may lack what its function needs. */
  #hasOwnText(object: object): boolean {
    let at: object | null = object;
    for (let i = 0; at !== null && i < MOST_VALUE_LEVELS && !this.#native.isProxy(at); i += 1) {
      if (hasOwn(at, INSPECT) || hasOwn(at, DENO_INSPECT)) return true;
      at = getPrototypeOf(at) as object | null;
    }
    return false;
  }

  #className(object: object): string {
    if (isArray(object)) return "Array";
    const prototype = getPrototypeOf(object) as object | null;
    if (prototype === null || this.#native.isProxy(prototype)) return "Object";
    const made = ownValue(prototype, "constructor");
    if (typeof made !== "function" || this.#native.isProxy(made)) return "Object";
    const name = ownValue(made, "name");
    return typeof name === "string" && name !== "" ? clip(name, CUT_TEXT) : "Object";
  }
}

/** Makes an object whose text are these words. */
function words(text: string): object {
  const object = createObject(null) as object;
  const own = hidden((): string => text);
  defineProperty(object, INSPECT, own);
  // For the specifiers that convert a value by themselves.
  defineProperty(object, toPrimitive, own);
  defineProperty(object, "toJSON", own);
  return object;
}

function boxed(object: object): object {
  const length = ownValue(object, "length");
  if (typeof length !== "number" || length <= MOST_NAME) return object;
  return words(`[String of ${length} characters]`);
}

function cutText(text: string): string {
  return `${sliceText(text, 0, CUT_TEXT)}... ${text.length - CUT_TEXT} more characters`;
}

function hidden(value: unknown): PropertyDescriptor {
  return {
    __proto__: null,
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  } as PropertyDescriptor;
}
