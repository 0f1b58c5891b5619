import { Begins } from "./begins.ts";
import type { Needle } from "./forms.ts";

/** Written in place of a value. */
export const MASK = "***";

/** Comparisons that texts may cost ahead of their length, and for each of their characters. */
const SPARE_WORK = 16_000_000;
const WORK_PER_CHARACTER = 32;
/** Comparisons as which it counts to look at a needle whose first characters were found. */
const LOOK = 4;

interface Match {
  readonly start: number;
  /** Needles that agree as far as the text goes. Empty if no text that follows can belong to it. */
  readonly open: readonly Needle[];
  /** Position of the first character that does not belong to it. */
  readonly end: number;
}

/**
 * Finds needles in text. A needle with more characters than its head is found by that, and masked as
 * far as the text agrees with it. The time grows with the text alone, whatever both are: values may
 * be chosen so that many are compared at each character. Once that has cost too much, all further
 * text counts as found.
 */
export class Matcher {
  readonly #begins: Begins;
  readonly #firsts: ReadonlySet<string>;
  /** Heads in the order of their characters. */
  readonly #heads: readonly string[];
  readonly #longest: number;
  #work = SPARE_WORK;

  constructor(needles: readonly Needle[]) {
    this.#begins = new Begins(needles);
    this.#heads = [...new Set(needles.map(({ head }) => head))].sort();
    this.#firsts = new Set(this.#heads.map((head) => head.charAt(0)));
    this.#longest = this.#heads.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** Finds the first needle from a position on. */
  find(text: string, from: number): Match | undefined {
    let at = from;
    while (this.#work >= 0) {
      const start = this.#begins.next(text, at);
      this.#earn((start ?? text.length) - at);
      if (start === undefined) return undefined;
      const begun = this.#begins.at(text, start);
      this.#work -= LOOK * begun.length;
      const there = begun.filter(({ head }) => text.startsWith(head, start));
      if (there.length > 0) return { start, ...this.extend(there, text, start, start) };
      at = start + 1;
    }
    return at < text.length ? { start: at, open: [], end: text.length } : undefined;
  }

  /** Tells how far a text agrees with needles that begin at `start`, which may be before it. */
  extend(
    needles: readonly Needle[],
    text: string,
    start: number,
    from: number,
  ): Omit<Match, "start"> {
    let end = from;
    const open: Needle[] = [];
    for (const needle of needles) {
      if (this.#work < 0) return { open: [], end: text.length };
      const whole = needle.whole();
      const last = Math.min(text.length, start + whole.length);
      let at = from;
      while (at < last && text.charCodeAt(at) === whole.charCodeAt(at - start)) at += 1;
      this.#work -= at - from + LOOK;
      end = Math.max(end, at);
      if (at === text.length && start + whole.length > at) open.push(needle);
    }
    this.#earn(end - from);
    return { open, end };
  }

  /** Returns the first position from which the rest of the text may become a needle. */
  pending(text: string, from: number): number {
    for (let at = Math.max(from, text.length - this.#longest + 1); at < text.length; at += 1) {
      if (this.#firsts.has(text.charAt(at)) && this.#isBegin(text.slice(at))) return at;
    }
    return text.length;
  }

  isIn(text: string): boolean {
    return this.find(text, 0) !== undefined;
  }

  /** Masks all needles in a text. */
  mask(text: string): string {
    let out = "";
    let at = 0;
    for (let match = this.find(text, 0); match !== undefined; match = this.find(text, at)) {
      out += text.slice(at, match.start) + MASK;
      at = match.end;
    }
    return at === 0 ? text : out + text.slice(at);
  }

  #earn(characters: number): void {
    if (this.#work < 0) return;
    this.#work = Math.min(SPARE_WORK, this.#work + WORK_PER_CHARACTER * characters);
  }

  /** Tests whether a head begins with a text and goes on. It follows the text in their order. */
  #isBegin(text: string): boolean {
    let low = 0;
    let high = this.#heads.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#heads[middle] ?? "") <= text) low = middle + 1;
      else high = middle;
    }
    return this.#heads[low]?.startsWith(text) ?? false;
  }
}

/** Masks needles in a text that comes in parts, also across their borders. */
export class MaskedParts {
  readonly #matcher: Matcher;
  /** End of the last part, which may be the begin of a needle. */
  #held = "";
  /** Needles whose begin is masked and which may go on in the next part, and the begin's length. */
  #open: { readonly needles: readonly Needle[]; readonly length: number } | undefined;

  constructor(matcher: Matcher) {
    this.#matcher = matcher;
  }

  /** Returns as much of the text so far as is certain. */
  push(part: string): string {
    const matcher = this.#matcher;
    const text = this.#held + part;
    this.#held = "";
    let at = 0;
    if (this.#open !== undefined) {
      const { needles, length } = this.#open;
      const { open, end } = matcher.extend(needles, text, -length, 0);
      this.#open = open.length > 0 ? { needles: open, length: length + end } : undefined;
      at = end;
    }
    let out = "";
    let pending = matcher.pending(text, at);
    for (;;) {
      const match = matcher.find(text, at);
      if (match === undefined || match.start >= pending) break;
      out += text.slice(at, match.start) + MASK;
      at = match.end;
      if (match.open.length > 0) {
        this.#open = { needles: match.open, length: at - match.start };
      }
      if (at > pending) pending = matcher.pending(text, at);
    }
    this.#held = text.slice(pending);
    return out + text.slice(at, pending);
  }

  /** Returns the rest once nothing follows. */
  end(): string {
    const rest = this.#matcher.mask(this.#held);
    this.#held = "";
    this.#open = undefined;
    return rest;
  }
}
