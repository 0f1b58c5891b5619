import { LRUCache } from "lru-cache";

/** Characters from which a text is long, and most characters of the texts of one cache. */
const LONG = 16_384;
const MAX_CHARACTERS = 33_554_432;

/**
 * Keeps what is known of long texts. Such a text is found by its length and then by its address or its
 * contents, which takes a tenth of any reading of it.
 */
export class LongTexts<V extends NonNullable<unknown>> {
  readonly #known: LRUCache<string, V>;

  /** Creates a cache for so many characters of text. */
  constructor(maxSize = MAX_CHARACTERS) {
    this.#known = new LRUCache({ maxSize, sizeCalculation: (_value, text) => text.length });
  }

  /** Returns what `read` has told of the text before, or tells now. A short text is always read. */
  get(text: string, read: (text: string) => V): V {
    if (text.length < LONG) return read(text);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const value = read(text);
    this.#known.set(text, value);
    return value;
  }
}
