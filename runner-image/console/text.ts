import { clip, MAX_LOG_MESSAGE } from "../../src/protocol/limits.ts";
import { indexOfText, isSame, sliceText, toText } from "../base/primordials.ts";
import { cutCopy } from "./cut.ts";
import { append } from "./lists.ts";
import type { InspectOptions, NativeText } from "./native.ts";
import { plainText } from "./plain.ts";
import { fits } from "./walk.ts";

/** Letters after `%` that take an argument. */
const SPECIFIERS = "sdifjoOc";

/** Makes text of console arguments: JSON of plain data, and the runtime's own text of all others. */
export class ConsoleText {
  readonly #native: NativeText;

  constructor(native: NativeText) {
    this.#native = native;
  }

  /** Joins the texts of all arguments. A first argument with format specifiers takes some of them. */
  join(args: readonly unknown[]): string {
    const { length } = args;
    if (length === 0) return "";
    const first = args[0];
    let text: string;
    let next = 1;
    if (length > 1 && typeof first === "string" && indexOfText(first, "%") >= 0) {
      const format = clip(first, MAX_LOG_MESSAGE);
      next += specifiersOf(format, length - 1);
      text = this.#format(format, args, next);
    } else {
      text = this.#one(first);
    }
    for (let i = next; i < length && text.length <= MAX_LOG_MESSAGE; i += 1) {
      text += ` ${this.#one(args[i])}`;
    }
    return text;
  }

  /** Makes the runtime's own text of a value, whatever it is. */
  inspect(value: unknown, options?: InspectOptions): string {
    const asked = options?.depth;
    const levels =
      typeof asked === "number" ? asked : asked === null ? Infinity : this.#native.depth;
    return this.#native.format([this.#bounded(value, levels)], options);
  }

  table(data: unknown, columns: unknown): string {
    return this.#native.table(data, columns);
  }

  #one(value: unknown): string {
    switch (typeof value) {
      case "string":
        return clip(value, MAX_LOG_MESSAGE);
      case "number":
        return isSame(value, -0) ? "-0" : toText(value);
      case "boolean":
      case "undefined":
        return toText(value);
      case "object":
        if (value === null) return "null";
        return plainText(value, this.#native) ?? this.inspect(value);
      default:
        return this.inspect(value);
    }
  }

  /** Formats the first argument with those before `end`. */
  #format(format: string, args: readonly unknown[], end: number): string {
    const taken: unknown[] = [format];
    for (let i = 1; i < end; i += 1) append(taken, this.#bounded(args[i], this.#native.depth));
    if (end === args.length) return this.#native.format(taken);
    // Without a further argument, the runtime would leave `%%` as it is.
    append(taken, "");
    return sliceText(this.#native.format(taken), 0, -1);
  }

  #bounded(value: unknown, levels: number): unknown {
    if (typeof value === "string") return clip(value, MAX_LOG_MESSAGE);
    return fits(value, levels, this.#native) ? value : cutCopy(value, levels, this.#native);
  }
}

/** Counts the arguments that a format takes, of those there are. */
function specifiersOf(format: string, most: number): number {
  let count = 0;
  for (
    let at = indexOfText(format, "%");
    at >= 0 && count < most;
    at = indexOfText(format, "%", at)
  ) {
    const letter = format[at + 1];
    if (letter !== undefined && indexOfText(SPECIFIERS, letter) >= 0) count += 1;
    at += 2;
  }
  return count;
}
