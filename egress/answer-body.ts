import { type AnswerFraming, chunkOf, LAST_CHUNK } from "./answer-framing.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { type Field, valuesOf } from "./head.ts";

const NOTHING = Buffer.alloc(0);

/**
 * Finds the end of a response's body, and returns the bytes for the client. Bytes behind the end
 * are dropped: there a host could imitate the proxy. Chunked bodies are split into new chunks.
 */
export class AnswerBody {
  readonly #framing: AnswerFraming;
  readonly #chunks = new ChunkReader();
  #left: number;

  constructor(framing: AnswerFraming, fields: readonly Field[]) {
    this.#framing = framing;
    this.#left = framing === "length" ? Number(valuesOf(fields, "content-length")[0]) : 0;
  }

  /**
   * True once the whole body has arrived. Never true if only the end of the connection marks it.
   */
  get done(): boolean {
    if (this.#framing === "closing") return false;
    return this.#framing === "chunked" ? this.#chunks.done : this.#left === 0;
  }

  /**
   * Returns the bytes for the client from the host's next bytes.
   *
   * @throws {HeadSyntaxError} For malformed chunks.
   */
  take(bytes: Buffer): Buffer {
    if (this.done) return NOTHING;
    if (this.#framing === "closing") return chunkOf(bytes);
    if (this.#framing === "length") {
      const taken = bytes.subarray(0, this.#left);
      this.#left -= taken.length;
      return taken;
    }
    const data = this.#chunks.take(bytes);
    const parts = data.length > 0 ? [chunkOf(data)] : [];
    return Buffer.concat(this.#chunks.done ? [...parts, LAST_CHUNK] : parts);
  }

  /** Returns the last bytes for the client after the host's connection has ended. */
  end(): Buffer {
    return this.#framing === "closing" ? LAST_CHUNK : NOTHING;
  }
}
