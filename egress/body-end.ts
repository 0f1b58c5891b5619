import { type Framing, HeadSyntaxError } from "./head.ts";

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const HEX_DIGIT = /^[0-9a-f]$/i;
/** Most hexadecimal digits of a chunk's size: 4 GiB less one byte. */
const MAX_SIZE_DIGITS = 8;

/** Position: at the digits (`size`), within a chunk (`data`), or at the line end with that name. */
type State = "size" | "size-lf" | "data" | "data-cr" | "data-lf" | "last-cr" | "last-lf" | "done";

/**
 * Finds the end of a request's body, so that exactly the body is forwarded. Chunked bodies are
 * forwarded unchanged. Chunk extensions and trailers are refused: clients send none, and proxies
 * treat them differently.
 */
export class BodyEnd {
  #state: State;
  #left = 0;
  #digits = "";
  readonly #chunked: boolean;

  constructor(framing: Framing) {
    this.#chunked = framing.kind === "chunked";
    this.#left = framing.kind === "length" ? framing.bytes : 0;
    if (this.#chunked) this.#state = "size";
    else this.#state = this.#left === 0 ? "done" : "data";
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * Returns the number of bytes in the next chunk that belong to the body.
   *
   * @throws {HeadSyntaxError} For malformed chunks.
   */
  take(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && this.#state !== "done") {
      if (this.#state === "data") {
        const taken = Math.min(this.#left, chunk.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left === 0) this.#state = this.#chunked ? "data-cr" : "done";
      } else {
        this.#state = this.#step(chunk[at] ?? 0);
        at += 1;
      }
    }
    return at;
  }

  /** Returns the state after one byte of a chunk's frame. */
  #step(byte: number): State {
    switch (this.#state) {
      case "size":
        return this.#sizeByte(byte);
      case "size-lf":
        this.#left = Number.parseInt(this.#digits, 16);
        this.#digits = "";
        return expect(byte, LF, this.#left === 0 ? "last-cr" : "data");
      case "data-cr":
        return expect(byte, CR, "data-lf");
      case "data-lf":
        return expect(byte, LF, "size");
      case "last-cr":
        return expect(byte, CR, "last-lf");
      default:
        return expect(byte, LF, "done");
    }
  }

  #sizeByte(byte: number): State {
    if (byte === CR && this.#digits !== "") return "size-lf";
    if (byte === SEMICOLON) throw new HeadSyntaxError("A chunk has an extension");
    const digit = String.fromCharCode(byte);
    if (!HEX_DIGIT.test(digit) || this.#digits.length === MAX_SIZE_DIGITS) {
      throw new HeadSyntaxError("A chunk's size is no hexadecimal number");
    }
    this.#digits += digit;
    return "size";
  }
}

function expect(byte: number, expected: number, next: State): State {
  if (byte !== expected) throw new HeadSyntaxError("A chunk does not end where its size says");
  return next;
}
