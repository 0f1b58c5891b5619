import { clip, MAX_FAULT_TEXT } from "../src/protocol/limits.ts";
import type { Fault } from "../src/protocol/messages.ts";
import { toFault } from "./base/faults.ts";

/** Thrown for a promise or an iterator in a result that fails. */
export class RejectedPart {
  readonly reason: unknown;
  readonly path: string;
  readonly #isOurs = true;

  constructor(reason: unknown, path: string) {
    this.reason = reason;
    this.path = path;
  }

  /** Tells such an object without `instanceof`, which would run the traps of a thrown proxy. */
  static is(thrown: unknown): thrown is RejectedPart {
    return typeof thrown === "object" && thrown !== null && #isOurs in thrown && thrown.#isOurs;
  }
}

/** Describes the reason, and names the part of the result in its message. */
export function rejected({ reason, path }: RejectedPart, moduleUrl: string | undefined): Fault {
  const fault = toFault(reason, moduleUrl);
  const where = path === "result" ? "" : ` (in ${path})`;
  return { ...fault, message: clip(fault.message, MAX_FAULT_TEXT - where.length) + where };
}
