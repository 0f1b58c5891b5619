/**
 * Reads a fault that a sandbox claims. Each part is taken only with the right type and within
 * `FAULT_LIMITS`, and nothing is merged into an object of ours.
 */
import { clip, FAULT_LIMITS, MAX_FAULT_NAME, MAX_FAULT_TEXT } from "./limits.ts";
import { FAULT_PARTS, type Fault, type FaultPart } from "./messages.ts";

/** Characters of JSON around the parts of one nested fault. */
const FAULT_COST = 96;
/** Characters of JSON that a number, a boolean or an empty container takes at most. */
const VALUE_COST = 26;

/** Name of a member that would set a prototype where objects are copied carelessly. */
const PROTOTYPE = "__proto__";

const NOTHING: object = {};

/** Returns an own field. At level `none`, code may have put getters on the prototype of a claim. */
function fieldOf(claim: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(claim, name)?.value;
}

/** Reads a whole fault. What is no fault becomes an `Exception` without a message. */
export function readFault(claim: unknown): Fault {
  const given = asObject(claim) ?? NOTHING;
  return { ...wordsOf(given, MAX_FAULT_TEXT), ...new PartsReader().parts(given, 1) };
}

/** Returns the parts of a fault beside its words, which take the room of a payload. */
export function partsOf({ cause, errors, details, truncated }: Fault): Partial<Fault> | undefined {
  const parts = {
    ...(cause && { cause }),
    ...(errors && { errors }),
    ...(details && { details }),
    ...(truncated && { truncated }),
  };
  return Object.keys(parts).length > 0 ? parts : undefined;
}

function wordsOf(claim: object, most: number): Fault {
  const [name, message, stack] = ["name", "message", "stack"].map((key) => fieldOf(claim, key));
  return {
    name: clip(typeof name === "string" ? name : "Exception", MAX_FAULT_NAME),
    message: clip(typeof message === "string" ? message : "", most),
    ...(typeof stack === "string" && { stack: clip(stack, most) }),
  };
}

function asObject(value: unknown): object | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value : undefined;
}

/** Reads the nested parts of one fault, all of them within one budget. */
class PartsReader {
  #faults: number = FAULT_LIMITS.faults;
  #characters: number = FAULT_LIMITS.characters;

  parts(claim: object, depth: number): Partial<Fault> {
    const cut = new Set<FaultPart>();
    const truncated = fieldOf(claim, "truncated");
    if (Array.isArray(truncated)) {
      for (const part of FAULT_PARTS) if (truncated.slice(0, 3).includes(part)) cut.add(part);
    }
    const details = this.#details(fieldOf(claim, "details"), cut);
    const claimed = fieldOf(claim, "cause");
    const cause = this.#fault(claimed, depth);
    if (cause === undefined && claimed !== undefined) cut.add("cause");
    const errors = this.#errors(fieldOf(claim, "errors"), depth, cut);
    return {
      ...(cause && { cause }),
      ...(errors && { errors }),
      ...(details && { details }),
      ...(cut.size > 0 && { truncated: FAULT_PARTS.filter((part) => cut.has(part)) }),
    };
  }

  #fault(claim: unknown, depth: number): Fault | undefined {
    const given = asObject(claim);
    if (given === undefined || depth > FAULT_LIMITS.depth || this.#faults === 0) return undefined;
    const words = wordsOf(given, FAULT_LIMITS.text);
    const { name, message, stack = "" } = words;
    if (!this.#spend(name.length + message.length + stack.length + FAULT_COST)) return undefined;
    this.#faults -= 1;
    return { ...words, ...this.parts(given, depth + 1) };
  }

  #errors(claim: unknown, depth: number, cut: Set<FaultPart>): Fault[] | undefined {
    if (!Array.isArray(claim)) return undefined;
    const errors: Fault[] = [];
    for (const item of claim) {
      const error = this.#fault(item, depth);
      if (error === undefined) {
        cut.add("errors");
        break;
      }
      errors.push(error);
    }
    return errors;
  }

  #details(claim: unknown, cut: Set<FaultPart>): Record<string, unknown> | undefined {
    const given = asObject(claim);
    if (given === undefined) return undefined;
    const value = this.#value(given, 1, () => cut.add("details"));
    return value === undefined ? undefined : (value as Record<string, unknown>);
  }

  /** Copies a plain value. `undefined` stands for one that is left out. */
  #value(value: unknown, depth: number, onCut: () => void): unknown {
    if (typeof value === "string") {
      if (value.length > FAULT_LIMITS.detail) onCut();
      const text = clip(value, FAULT_LIMITS.detail);
      if (this.#spend(text.length + 3)) return text;
    } else if (value === null || typeof value === "boolean" || Number.isFinite(value)) {
      if (this.#spend(VALUE_COST)) return value;
    } else if (depth <= FAULT_LIMITS.nesting && this.#spend(3)) {
      if (Array.isArray(value)) return this.#items(value, depth, onCut);
      const given = asObject(value);
      if (given !== undefined) return this.#members(given, depth, onCut);
    }
    onCut();
    return undefined;
  }

  #items(list: readonly unknown[], depth: number, onCut: () => void): unknown[] {
    if (list.length > FAULT_LIMITS.members) onCut();
    const items: unknown[] = [];
    for (const item of list.slice(0, FAULT_LIMITS.members)) {
      const copy = this.#value(item, depth + 1, onCut);
      if (copy === undefined) break;
      items.push(copy);
    }
    return items;
  }

  #members(given: object, depth: number, onCut: () => void): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    let count = 0;
    for (const key of Object.keys(given)) {
      count += 1;
      if (count > FAULT_LIMITS.members || key.length > MAX_FAULT_NAME || key === PROTOTYPE) {
        onCut();
        if (count > FAULT_LIMITS.members) break;
        continue;
      }
      const copy = this.#spend(key.length + 4)
        ? this.#value(fieldOf(given, key), depth + 1, onCut)
        : onCut();
      if (copy !== undefined) members[key] = copy;
    }
    return members;
  }

  #spend(characters: number): boolean {
    if (characters > this.#characters) return false;
    this.#characters -= characters;
    return true;
  }
}
