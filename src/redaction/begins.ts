import { LEAST, type Needle } from "./forms.ts";

/** Number of a text's characters, each times a power of this. */
const BASE = 0x01000193;
const HIGHEST = Array.from({ length: LEAST - 1 }).reduce<number>(
  (power) => Math.imul(power, BASE),
  1,
);
/** Spreads numbers over the marks, of which there are 2^16. */
const SPREAD = 0x9e3779b1;
const MARKS = 65_536;
const SHIFT = 16;

/**
 * First characters of needles. They are found by a number that is carried along the text, in a time
 * that does not grow with how many there are. A regular expression of thousands takes 100 times as
 * long.
 */
export class Begins {
  readonly #needles = new Map<string, Needle[]>();
  readonly #marks = new Uint8Array(MARKS);

  constructor(needles: readonly Needle[]) {
    for (const needle of needles) {
      const begin = needle.head.slice(0, LEAST);
      const same = this.#needles.get(begin);
      if (same !== undefined) same.push(needle);
      else this.#needles.set(begin, [needle]);
      this.#marks[markOf(numberAt(begin, 0))] = 1;
    }
  }

  /** Returns the first position from `from` on where a needle may begin. */
  next(text: string, from: number): number | undefined {
    const last = text.length - LEAST;
    if (from > last || this.#needles.size === 0) return undefined;
    let number = numberAt(text, from);
    for (let at = from; ; at += 1) {
      if (this.#marks[markOf(number)] === 1 && this.at(text, at).length > 0) return at;
      if (at >= last) return undefined;
      const left = Math.imul(text.charCodeAt(at), HIGHEST);
      number = (Math.imul(number - left, BASE) + text.charCodeAt(at + LEAST)) | 0;
    }
  }

  /** Returns the needles with the characters at a position. */
  at(text: string, start: number): readonly Needle[] {
    return this.#needles.get(text.slice(start, start + LEAST)) ?? [];
  }
}

function numberAt(text: string, from: number): number {
  let number = 0;
  for (let at = from; at < from + LEAST; at += 1) {
    number = (Math.imul(number, BASE) + text.charCodeAt(at)) | 0;
  }
  return number;
}

function markOf(number: number): number {
  return Math.imul(number, SPREAD) >>> SHIFT;
}
