import { MAX_CONTAINERS, MAX_DEPTH, MAX_NAMES, type OutputLimits } from "../src/protocol/limits.ts";
import { described, RunnerFault } from "./base/faults.ts";
import {
  apply,
  defineProperty,
  getPrototypeOf,
  hasOwn,
  isArray,
  isRawJson,
  keysOf,
  NativePromise,
} from "./base/primordials.ts";
import { className, hidesContent, tagName } from "./brands.ts";
import { adviceFor, type Converter, formOf, promiseForm } from "./forms.ts";
import { pathOf } from "./place.ts";
import { type OpenPlace, Position } from "./position.ts";
import { RejectedPart } from "./rejected-part.ts";

/** Prototype of most objects. */
const plain = Object.prototype;
const arrays = Array.prototype;
const iterator: typeof Symbol.iterator = Symbol.iterator;
const asyncIterator: typeof Symbol.asyncIterator = Symbol.asyncIterator;
const CIRCLE = "A circular reference";
/** Keys of an object from which copying them one by one is faster. */
const MANY_KEYS = 500;
/** Errors within errors that are written with more than name and message. */
const MAX_ERRORS = 10;

type Members = Record<string, unknown>;

/** Stands in a tree for a value that is not there yet. */
interface Slot {
  value: unknown;
  toJSON(this: Slot): unknown;
}

/**
 * Converts a result into a tree of which `JSON.stringify` writes all. Each property of an object is
 * read once, because a getter or a proxy may give another value the next time. So objects are
 * copied. Arrays are copied only if an item is converted.
 */
export class Conversion implements Converter {
  readonly #limits: OutputLimits;
  readonly #at = new Position();
  /** Characters that the text has at least. */
  #size = 0;
  #containers = 0;
  #names = 0;
  /** Prototype of the last object of a class without a form: lists have many of one class. */
  #formless: object | undefined;
  /** Errors that are open. */
  #errors = 0;
  #pending = 0;
  #failed: { readonly error: unknown } | undefined;
  #wake = (): void => {};
  /** True if code has given all objects a `toJSON`: the tree's own objects then need another. */
  readonly #shielded = "toJSON" in arrays;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
  }

  /** True if a part of the tree is not there yet. */
  get waits(): boolean {
    return this.#pending > 0 || this.#failed !== undefined;
  }

  convert(value: unknown): unknown {
    if (typeof value === "function" && typeof (value as Partial<Slot>).toJSON !== "function") {
      throw new RunnerFault("SerializationError", "A function cannot be returned as JSON");
    }
    if (typeof value === "symbol") {
      throw new RunnerFault("SerializationError", "A symbol cannot be returned as JSON");
    }
    return this.#guarded(() => this.value(value, "result"));
  }

  /** Resolves when the whole tree is there. Rejects with the first failure. */
  async settled(): Promise<void> {
    while (this.#failed === undefined && this.#pending > 0) {
      await new NativePromise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  /** Converts a value at a key of what is being converted. */
  value(value: unknown, key: string | number): unknown {
    if (typeof value === "object" && value !== null) return this.#object(value, key);
    if (typeof value === "string") this.#grow(value.length);
    else if (typeof value === "bigint") return this.#bigint(value, key);
    else if (typeof value === "function") {
      const { toJSON } = value as { toJSON?: unknown };
      const given = typeof toJSON === "function" ? apply(toJSON, value, [`${key}`]) : undefined;
      return typeof given === "function" ? undefined : this.value(given, key);
    } else if (typeof value === "symbol") return undefined;
    return value;
  }

  /** Converts values from any number of sources into an array. */
  items(source: Iterable<unknown>): unknown[] {
    const copy: unknown[] = this.#shield([]);
    for (const item of source) {
      this.#grow(1);
      copy[copy.length] = this.value(item, copy.length);
    }
    return copy;
  }

  /** Converts the first `length` items of a list into an array. */
  list(items: ArrayLike<unknown>, length: number): unknown[] {
    this.#grow(length);
    const copy: unknown[] = this.#shield([]);
    for (let i = 0; i < length; i += 1) copy[i] = this.value(items[i], i);
    return copy;
  }

  /**
   * Converts named values of an error into an object. Leaves out what cannot be written, because
   * libraries put sockets and circles there.
   */
  readable(names: readonly string[], source: Members): Members {
    const copy: Members = this.#shield({});
    const depth = this.#at.depth;
    this.#errors += 1;
    const most = this.#errors > MAX_ERRORS ? 2 : names.length;
    for (let i = 0; i < most; i += 1) {
      const name = names[i] as string;
      try {
        const value = this.value(source[name], name);
        defineProperty(copy, name, { value, configurable: true, enumerable: true, writable: true });
      } catch (thrown) {
        if (thrown instanceof RunnerFault && thrown.name === "OutputLimitError") throw thrown;
        this.#at.depth = depth;
      }
    }
    this.#errors -= 1;
    this.#count(names.length);
    return copy;
  }

  /** Takes the place of what `promise` gives. */
  promised(promise: PromiseLike<unknown>): unknown {
    return this.#later(async (slot, place) => {
      let value: unknown;
      try {
        value = await promise;
      } catch (thrown) {
        throw new RejectedPart(thrown, pathOf(place));
      }
      this.#at.resume(place.parent);
      slot.value = this.#guarded(() => this.value(value, place.key));
    });
  }

  #object(value: object, key: string | number): unknown {
    const { depth } = this.#at;
    if (depth > MAX_DEPTH) {
      const message = `The result is nested deeper than ${MAX_DEPTH} levels`;
      throw new RunnerFault("SerializationError", message);
    }
    if (this.#at.isOpen(value, depth)) throw this.unwritable(CIRCLE, key);
    this.#containers += 1;
    if (this.#containers > MAX_CONTAINERS) throw excess(MAX_CONTAINERS, "arrays and objects");
    this.#at.enter(value, key);
    const { toJSON } = value as { toJSON?: unknown };
    const written =
      typeof toJSON === "function"
        ? this.#given(apply(toJSON, value, [depth === 0 ? "" : `${key}`]), key)
        : this.#content(value, false);
    this.#at.depth = depth;
    return written;
  }

  /** Converts what a `toJSON` has given. Its own `toJSON` counts only where nothing else does. */
  #given(value: unknown, key: string | number): unknown {
    if (typeof value !== "object" || value === null) {
      return typeof value === "function" ? undefined : this.value(value, key);
    }
    if (this.#at.isOpen(value, this.#at.depth - 1)) throw this.unwritable(CIRCLE);
    this.#at.replace(value);
    return this.#content(value, true);
  }

  #content(value: object, isGiven: boolean): unknown {
    if (isArray(value)) return this.#array(value, isGiven);
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype === null && isRawJson?.(value)) return value;
    if (prototype !== plain && prototype !== null) {
      const form = prototype === this.#formless ? promiseForm(value) : formOf(value);
      if (form !== undefined) return form(value as never, this);
      if (tagName(value) === "Object") this.#formless = prototype;
    }
    return this.#members(value, prototype !== plain && prototype !== null, isGiven);
  }

  #array(items: readonly unknown[], isGiven: boolean): unknown {
    const { length } = items;
    this.#grow(length);
    if (isGiven || this.#shielded) return this.list(items, length);
    for (let i = 0; i < length; i += 1) {
      const item = items[i];
      if (typeof item === "string") this.#grow(item.length);
      else if (
        (typeof item === "object" && item !== null) ||
        typeof item === "function" ||
        typeof item === "bigint"
      ) {
        return this.#copied(items, length, i, item);
      }
    }
    return items;
  }

  /** Goes on with an array whose item `at` is the first that is converted. */
  #copied(items: readonly unknown[], length: number, at: number, first: unknown): unknown[] {
    const copy: unknown[] = [];
    for (let i = 0; i < at; i += 1) copy[i] = items[i];
    copy[at] = this.value(first, at);
    for (let i = at + 1; i < length; i += 1) copy[i] = this.value(items[i], i);
    return copy;
  }

  #members(object: object, isInstance: boolean, isGiven: boolean): unknown {
    const keys = keysOf(object);
    // Copying a million takes seconds.
    if (keys.length > MAX_NAMES) throw excess(MAX_NAMES, "members of objects");
    const copy: Members = keys.length > MANY_KEYS ? picked(object, keys) : { ...object };
    let written = 0;
    let size = 0;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      const value = copy[key];
      if (typeof value === "string") size += value.length;
      else if (typeof value !== "number" && typeof value !== "boolean" && value !== null) {
        const member = this.value(value, key);
        copy[key] = member;
        if (member === undefined) continue;
      }
      size += key.length;
      written += 1;
    }
    this.#grow(size);
    this.#count(written);
    if (written === 0) return this.#hidden(object, isInstance, isGiven, copy);
    return this.#shielded ? this.#shield(copy) : copy;
  }

  /** Converts an object for which JSON has no property. */
  #hidden(object: object, isInstance: boolean, isGiven: boolean, copy: Members): unknown {
    const { toJSON } = object as { toJSON?: unknown };
    if (isGiven && isInstance && typeof toJSON === "function") {
      return this.value(apply(toJSON, object, [""]), "toJSON()");
    }
    const hidden = object as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
    if (typeof hidden[iterator] === "function") {
      const items = this.items(object as Iterable<unknown>);
      return tagName(object) === "Headers" ? this.#named(items) : items;
    }
    // A stream may have no end, and no other reader.
    if (typeof hidden[asyncIterator] === "function" && tagName(object) !== "ReadableStream") {
      return this.#collected(object as AsyncIterable<unknown>);
    }
    if (isInstance && hidesContent(object)) {
      throw this.unwritable(className(object), undefined, adviceFor(object));
    }
    return this.#shield(copy);
  }

  /** Turns pairs of a name and a value into an object; values of one name become an array. */
  #named(pairs: readonly unknown[]): object {
    const named: Record<string, unknown> = { __proto__: null };
    for (let i = 0; i < pairs.length; i += 1) {
      const [name, value] = [(pairs[i] as string[])[0] as string, (pairs[i] as string[])[1]];
      const before = named[name];
      if (before === undefined) named[name] = value;
      else if (isArray(before)) before[before.length] = value;
      else named[name] = this.#shield([before, value]);
    }
    return named;
  }

  #collected(source: AsyncIterable<unknown>): unknown {
    return this.#later(async (slot, place) => {
      const copy: unknown[] = this.#shield([]);
      try {
        for await (const item of source) {
          this.#at.resume(place);
          this.#grow(1);
          copy[copy.length] = this.#guarded(() => this.value(item, copy.length));
        }
      } catch (thrown) {
        throw thrown instanceof RunnerFault ? thrown : new RejectedPart(thrown, pathOf(place));
      }
      slot.value = copy;
    });
  }

  /** Returns a slot that `fill` fills. A failure is known at once, and the first one counts. */
  #later(fill: (slot: Slot, place: OpenPlace) => Promise<void>): Slot {
    const place = this.#at.place();
    const slot: Slot = {
      value: undefined,
      toJSON() {
        return this.value;
      },
    };
    this.#pending += 1;
    void this.#filled(fill(slot, place));
    return slot;
  }

  async #filled(filling: Promise<void>): Promise<void> {
    try {
      await filling;
    } catch (error) {
      this.#failed ??= { error };
    }
    this.#pending -= 1;
    if (this.#pending === 0 || this.#failed !== undefined) this.#wake();
  }

  #bigint(value: bigint, key: string | number): unknown {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") {
      const given: unknown = apply(toJSON, value, [`${key}`]);
      if (typeof given !== "bigint") return this.value(given, key);
    }
    throw this.unwritable("A BigInt", key, "return String(x)");
  }

  /** Makes the fault for a value that JSON cannot hold. Default for `key`: it is open already. */
  unwritable(what: string, key?: string | number, advice?: string): RunnerFault {
    const advised = advice === undefined ? "" : `; ${advice}`;
    const message = `${what} cannot be returned as JSON: ${this.#at.path(key)}${advised}`;
    return new RunnerFault("SerializationError", message);
  }

  /** Runs a step that may call code of the result. What that throws is no failure of the run. */
  #guarded<T>(step: () => T): T {
    try {
      return step();
    } catch (thrown) {
      if (thrown instanceof RunnerFault) throw thrown;
      const message = `The result cannot be written as JSON: ${described(thrown)}`;
      const fault = new RunnerFault("SerializationError", `${message}: ${this.#at.path()}`);
      // Not by options: code may have put a cause on the prototype of all objects.
      defineProperty(fault, "cause", { value: thrown, writable: true, configurable: true });
      throw fault;
    }
  }

  #grow(characters: number): void {
    this.#size += characters;
    if (this.#size > this.#limits.resultBytes) throw tooLarge(this.#limits, this.#at.path());
  }

  #count(members: number): void {
    this.#names += members;
    if (this.#names > MAX_NAMES) throw excess(MAX_NAMES, "members of objects");
  }

  /** Hides from the serializer what code has put on the prototype of all objects. */
  #shield<T extends object>(copy: T): T {
    if (this.#shielded && !hasOwn(copy, "toJSON")) {
      defineProperty(copy, "toJSON", { value: undefined, configurable: true, writable: true });
    }
    return copy;
  }
}

/** Makes the fault for a result beyond the limit. Names the part at which it was passed. */
export function tooLarge(limits: OutputLimits, path = "result"): RunnerFault {
  const where = path === "result" ? "" : `: ${path}`;
  const message = `The result exceeds ${limits.resultBytes} bytes${where}`;
  return new RunnerFault("OutputLimitError", message);
}

function picked(object: object, keys: readonly string[]): Members {
  const copy: Members = {};
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as string;
    const value = (object as Members)[key];
    if (key !== "__proto__") copy[key] = value;
    else defineProperty(copy, key, { value, configurable: true, enumerable: true, writable: true });
  }
  return copy;
}

function excess(most: number, what: string): RunnerFault {
  return new RunnerFault("OutputLimitError", `The result holds more than ${most} ${what}`);
}
