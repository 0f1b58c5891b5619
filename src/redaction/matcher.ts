import { LEAST, type Needle } from "./forms.ts";

/** Written in place of a value. */
export const MASK = "***";

interface Match {
  readonly start: number;
  /** Needles that agree as far as the text goes. Empty if no text that follows can belong to it. */
  readonly open: readonly Needle[];
  /** Position of the first character that does not belong to it. */
  readonly end: number;
}

/**
 * Finds needles in text. A needle with more characters than its head is found by that, and masked as
 * far as the text agrees with it. So the time grows with the text alone, whatever the text is.
 */
export class Matcher {
  readonly #begins: RegExp;
  readonly #byBegin = new Map<string, Needle[]>();
  readonly #byFirst = new Map<string, Set<string>>();
  readonly #longest: number;

  constructor(needles: readonly Needle[]) {
    for (const needle of needles) {
      const { head } = needle;
      const begin = head.slice(0, LEAST);
      this.#byBegin.set(begin, [...(this.#byBegin.get(begin) ?? []), needle]);
      const first = head.charAt(0);
      this.#byFirst.set(first, (this.#byFirst.get(first) ?? new Set()).add(head));
    }
    this.#longest = Math.max(0, ...needles.map(({ head }) => head.length));
    const begins = [...this.#byBegin.keys()].map((text) => text.replace(/[^\w]/g, escaped));
    this.#begins = new RegExp(begins.join("|") || "(?!)", "g");
  }

  /** Finds the first needle from a position on. */
  find(text: string, from: number): Match | undefined {
    const begins = this.#begins;
    begins.lastIndex = from;
    for (let hit = begins.exec(text); hit !== null; hit = begins.exec(text)) {
      const start = hit.index;
      const there = (this.#byBegin.get(hit[0]) ?? []).filter(({ head }) =>
        text.startsWith(head, start),
      );
      if (there.length > 0) return { start, ...this.extend(there, text, start, start) };
      begins.lastIndex = start + 1;
    }
    return undefined;
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
      const whole = needle.whole();
      const last = Math.min(text.length, start + whole.length);
      let at = from;
      while (at < last && text.charCodeAt(at) === whole.charCodeAt(at - start)) at += 1;
      end = Math.max(end, at);
      if (at === text.length && start + whole.length > at) open.push(needle);
    }
    return { open, end };
  }

  /** Returns the first position from which the rest of the text may become a needle. */
  pending(text: string, from: number): number {
    for (let at = Math.max(from, text.length - this.#longest + 1); at < text.length; at += 1) {
      const heads = this.#byFirst.get(text.charAt(at));
      if (heads === undefined) continue;
      const rest = text.slice(at);
      for (const head of heads) if (head.length > rest.length && head.startsWith(rest)) return at;
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

/** Escapes a character for a regular expression without flags. */
function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
