import { clip, FAULT_LIMITS, MAX_FAULT_NAME } from "../../src/protocol/limits.ts";
import { FAULT_PARTS, type Fault, type FaultPart } from "../../src/protocol/messages.ts";
import {
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isArray,
  isFiniteNumber,
  NativeAggregateError,
  NativeSet,
  NativeSuppressedError,
  setAdd,
  setDelete,
  setHas,
  typedArrayName,
} from "./primordials.ts";
import { textOf } from "./text-of.ts";

/** Fields with a place of their own in a fault. Sets for each kind of thrown value. */
const WORDS = ["name", "message", "stack", "cause"];
const OF_ERROR = new NativeSet<PropertyKey>(WORDS);
const OF_AGGREGATE = new NativeSet<PropertyKey>([...WORDS, "errors"]);
const OF_SUPPRESSED = new NativeSet<PropertyKey>([...WORDS, "error", "suppressed"]);
const OF_NONE = new NativeSet<PropertyKey>();

/** Fields that some classes have on their prototype instead of on each error. */
const OF_CLASSES = ["code", "status", "statusCode"];
/** Prototypes that are searched for them. */
const CLASSES = 4;

/** Bytes around the parts of a fault: src/protocol/fault.ts counts the same. */
const FAULT_COST = 96;
const VALUE_COST = 26;

type Parts = Partial<Pick<Fault, FaultPart | "truncated">>;
type Written = { -readonly [P in keyof Parts]: Parts[P] };
type Cut = Record<FaultPart, boolean>;

/**
 * Reads what a thrown value has beside its words, all of it within one budget. It runs after user
 * code. Only fields that hold a value are read and no getter is called, so that an error costs what
 * its limits say.
 */
export class FaultParts {
  readonly #isError: (value: unknown) => boolean;
  readonly #wordsOf: (value: unknown) => Fault;
  /** Objects that contain the current one. */
  readonly #open = new NativeSet<object>();
  #faults: number = FAULT_LIMITS.faults;
  #characters: number = FAULT_LIMITS.characters;

  constructor(isError: (value: unknown) => boolean, wordsOf: (value: unknown) => Fault) {
    this.#isError = isError;
    this.#wordsOf = wordsOf;
  }

  of(thrown: unknown): Parts {
    return this.#parts(thrown, 1);
  }

  #parts(thrown: unknown, depth: number): Parts {
    if (typeof thrown !== "object" || thrown === null) return {};
    const cut: Cut = { cause: false, errors: false, details: false };
    // Without a prototype, because code may have put setters on that of objects.
    const parts: Written = { __proto__: null } as never;
    setAdd(this.#open, thrown);
    try {
      const isError = this.#isError(thrown);
      const details = this.#details(thrown, isError, cut);
      if (details !== undefined) parts.details = details;
      if (isError) this.#inner(thrown, depth, parts, cut);
    } catch {
      // A proxy of user code has thrown. The parts found so far are kept.
    }
    setDelete(this.#open, thrown);
    for (let i = 0; i < FAULT_PARTS.length; i += 1) {
      const part = FAULT_PARTS[i] as FaultPart;
      if (!cut[part]) continue;
      parts.truncated ??= [];
      parts.truncated[parts.truncated.length] = part;
    }
    return parts;
  }

  #inner(thrown: object, depth: number, parts: Written, cut: Cut): void {
    const list = errorsOf(thrown);
    if (list !== undefined) {
      const errors: Fault[] = [];
      for (let i = 0; i < list.length && !cut.errors; i += 1) {
        const fault = this.#fault(fieldOf(list, i), depth);
        if (fault === undefined) cut.errors = true;
        else errors[i] = fault;
      }
      parts.errors = errors;
    }
    const cause = fieldOf(thrown, "cause");
    if (cause === undefined) return;
    const fault = this.#fault(cause, depth);
    if (fault === undefined) cut.cause = true;
    else parts.cause = fault;
  }

  #fault(value: unknown, depth: number): Fault | undefined {
    if (depth > FAULT_LIMITS.depth || this.#faults === 0) return undefined;
    this.#faults -= 1;
    const isCircle = typeof value === "object" && value !== null && setHas(this.#open, value);
    const words = isCircle ? CIRCLE : this.#words(value);
    const size = words.name.length + words.message.length + (words.stack?.length ?? 0);
    if (!this.#spend(size + FAULT_COST)) return undefined;
    return isCircle ? words : { ...words, ...this.#parts(value, depth + 1) };
  }

  #words(value: unknown): Fault {
    try {
      return this.#wordsOf(value);
    } catch {
      return { name: "Exception", message: "The value cannot be described" };
    }
  }

  #details(thrown: object, isError: boolean, cut: Cut): Record<string, unknown> | undefined {
    if (!isError && isArray(thrown)) return undefined;
    const details: Record<string, unknown> = { __proto__: null } as never;
    let count = this.#members(thrown, details, 1, cut, isError ? toldOf(thrown) : OF_NONE);
    for (let i = 0; isError && i < OF_CLASSES.length; i += 1) {
      const key = OF_CLASSES[i] as string;
      const value = details[key] === undefined ? inheritedValue(thrown, key) : undefined;
      if (typeof value !== "string" && typeof value !== "number") continue;
      const copy = this.#value(value, 2, cut);
      if (copy === undefined) continue;
      details[key] = copy;
      count += 1;
    }
    return count > 0 ? details : undefined;
  }

  /** Copies the own fields of an object. Returns how many there are. */
  #members(
    from: object,
    to: Record<string, unknown>,
    depth: number,
    cut: Cut,
    except: Set<PropertyKey>,
  ): number {
    let count = 0;
    // Left at the limit: a list of all keys would cost more than they are worth.
    for (const key in from) {
      if (key === "__proto__" || setHas(except, key)) continue;
      const field = getOwnPropertyDescriptor(from, key);
      if (field === undefined) continue;
      if (isUnwritable(field.value)) {
        if (typeof field.value === "bigint") cut.details = true;
        continue;
      }
      count += 1;
      if (count > FAULT_LIMITS.members) {
        cut.details = true;
        break;
      }
      const fits = key.length <= MAX_FAULT_NAME && this.#spend(key.length + 4);
      const copy = fits ? this.#value(field.value, depth + 1, cut) : undefined;
      if (copy === undefined) cut.details = true;
      else to[key] = copy;
    }
    return count;
  }

  /** Copies a plain value. `undefined` stands for one that is left out. */
  #value(value: unknown, depth: number, cut: Cut): unknown {
    if (typeof value === "string") {
      if (value.length > FAULT_LIMITS.detail) cut.details = true;
      const text = clip(value, FAULT_LIMITS.detail);
      return this.#spend(text.length + 3) ? text : undefined;
    }
    if (typeof value !== "object" || value === null) {
      const plain = typeof value === "number" && !isFiniteNumber(value) ? null : value;
      return this.#spend(VALUE_COST) ? plain : undefined;
    }
    if (depth > FAULT_LIMITS.nesting || setHas(this.#open, value)) return undefined;
    if (!this.#spend(3)) return undefined;
    setAdd(this.#open, value);
    try {
      return this.#container(value, depth, cut);
    } catch {
      return undefined;
    } finally {
      setDelete(this.#open, value);
    }
  }

  #container(value: object, depth: number, cut: Cut): unknown {
    if (this.#isError(value)) {
      const { name, message } = this.#words(value);
      return this.#spend(name.length + message.length + VALUE_COST) ? { name, message } : undefined;
    }
    if (typedArrayName(value) !== undefined) return this.#value(textOf(value), depth, cut);
    if (!isArray(value)) {
      const members: Record<string, unknown> = { __proto__: null } as never;
      const count = this.#members(value, members, depth, cut, OF_NONE);
      // A Map, a Date and the like have no fields.
      return count > 0 || isPlain(value) ? members : this.#value(textOf(value), depth, cut);
    }
    const items: unknown[] = [];
    const { length } = value;
    for (let i = 0; i < length && i < FAULT_LIMITS.members; i += 1) {
      const item = fieldOf(value, i);
      const copy = this.#value(isUnwritable(item) ? null : item, depth + 1, cut);
      if (copy === undefined) {
        cut.details = true;
        return items;
      }
      items[i] = copy;
    }
    if (length > FAULT_LIMITS.members) cut.details = true;
    return items;
  }

  #spend(characters: number): boolean {
    if (characters > this.#characters) return false;
    this.#characters -= characters;
    return true;
  }
}

const CIRCLE: Fault = { name: "Exception", message: "[Circular]" };

const { prototype: ofPlain } = Object;

function isPlain(value: object): boolean {
  const prototype = getPrototypeOf(value);
  return prototype === ofPlain || prototype === null;
}

/** Tells values that JSON leaves out, or that it refuses. */
function isUnwritable(value: unknown): boolean {
  const type = typeof value;
  return type === "undefined" || type === "function" || type === "symbol" || type === "bigint";
}

/** Returns the value of an own field. A getter counts as none. */
function fieldOf(object: object, key: PropertyKey): unknown {
  return getOwnPropertyDescriptor(object, key)?.value;
}

function inheritedValue(object: object, key: string): unknown {
  let prototype: object | null = object;
  for (let i = 0; i < CLASSES && prototype !== null; i += 1) {
    const value = fieldOf(prototype, key);
    if (value !== undefined) return value;
    prototype = getPrototypeOf(prototype);
  }
  return undefined;
}

/** Returns the errors in an `AggregateError`, or the two in a `SuppressedError`. */
function errorsOf(thrown: object): readonly unknown[] | undefined {
  if (isSuppressed(thrown)) return [fieldOf(thrown, "error"), fieldOf(thrown, "suppressed")];
  const errors = isAggregate(thrown) ? fieldOf(thrown, "errors") : undefined;
  return isArray(errors) ? errors : undefined;
}

function toldOf(thrown: object): Set<PropertyKey> {
  if (isSuppressed(thrown)) return OF_SUPPRESSED;
  return isAggregate(thrown) ? OF_AGGREGATE : OF_ERROR;
}

function isSuppressed(thrown: object): boolean {
  return NativeSuppressedError !== undefined && thrown instanceof NativeSuppressedError;
}

/** Recognizes also an error of another realm, as the host's functions throw at level `none`. */
function isAggregate(thrown: object): boolean {
  return (
    thrown instanceof NativeAggregateError || inheritedValue(thrown, "name") === "AggregateError"
  );
}
