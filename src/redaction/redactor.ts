import { needlesOf } from "./forms.ts";
import { MASK, MaskedParts, Matcher } from "./matcher.ts";

/**
 * Masks secret values wherever text may show them: as they are, in JSON, percent-encoded, in
 * hexadecimal digits, in HTML and in base64. It is an aid against accidents: code can write a value
 * in a form that nobody searches for.
 */
export class Redactor {
  readonly #text: Matcher;
  /** Finds the same in bytes of UTF-8, one character for each. */
  readonly #bytes: Matcher;

  constructor(values: readonly string[]) {
    const needles = needlesOf(values);
    this.#text = new Matcher(needles);
    this.#bytes = values.every(isPlain)
      ? this.#text
      : new Matcher(
          needles.map(({ head, whole }) => ({ head: binary(head), whole: () => binary(whole()) })),
        );
  }

  isIn(text: string): boolean {
    return this.#text.isIn(text);
  }

  text(text: string): string {
    return this.#text.mask(text);
  }

  /** Masks the value of a header, whose characters are bytes. */
  header(value: string): string {
    return this.#bytes.mask(this.#text.mask(value));
  }

  /**
   * Masks the values in texts, names and numbers of a JSON value. What has none stays the same. A value
   * that is nested deeper than a stack is masked as a whole, because code chooses how deep it is.
   */
  json(value: unknown): unknown {
    try {
      return this.#json(value);
    } catch {
      return MASK;
    }
  }

  #json(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number") return this.isIn(`${value}`) ? this.text(`${value}`) : value;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#json(item));
      return items.some((item, index) => item !== value[index]) ? items : value;
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    let changed = false;
    const members = Object.entries(value).map(([name, item]): [string, unknown] => {
      const member: [string, unknown] = [this.text(name), this.#json(item)];
      changed ||= member[0] !== name || member[1] !== item;
      return member;
    });
    return changed ? Object.fromEntries(members) : value;
  }

  /** Masks the values in bytes of UTF-8 that come in parts. */
  byteParts(): MaskedBytes {
    return new MaskedBytes(new MaskedParts(this.#bytes));
  }
}

/** Masks bytes that come in parts. */
export class MaskedBytes {
  readonly #parts: MaskedParts;

  constructor(parts: MaskedParts) {
    this.#parts = parts;
  }

  /** Returns as many of the bytes so far as are certain. */
  push({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
    const text = Buffer.from(buffer, byteOffset, length).toString("latin1");
    return Buffer.from(this.#parts.push(text), "latin1");
  }

  /** Returns the rest once nothing follows. */
  end(): Uint8Array {
    return Buffer.from(this.#parts.end(), "latin1");
  }
}

const ASCII = /^[\x00-\x7f]*$/;

function isPlain(text: string): boolean {
  return ASCII.test(text);
}

function binary(text: string): string {
  return Buffer.from(text).toString("latin1");
}
