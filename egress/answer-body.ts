import { type AnswerFraming, chunkOf, LAST_CHUNK } from "./answer-framing.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { type Field, valuesOf } from "./head.ts";

const NOTHING = Buffer.alloc(0);

/**
 * Finds where an answer's body ends, and writes what its client gets of it: no byte from behind the
 * end, where a host could say what only the proxy may. What comes in chunks leaves in other ones.
 */
export class AnswerBody {
  readonly #framing: AnswerFraming;
  readonly #chunks = new ChunkReader();
  #left: number;

  constructor(framing: AnswerFraming, fields: readonly Field[]) {
    this.#framing = framing;
    this.#left = framing === "length" ? Number(valuesOf(fields, "content-length")[0]) : 0;
  }

  /** Whether all of it has come; where only the connection's end says so, it never has. */
  get done(): boolean {
    if (this.#framing === "closing") return false;
    return this.#framing === "chunked" ? this.#chunks.done : this.#left === 0;
  }

  /** What the client gets for the next bytes from the host. @throws {HeadSyntaxError} */
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

  /** What the client gets as the host's connection ends. */
  end(): Buffer {
    return this.#framing === "closing" ? LAST_CHUNK : NOTHING;
  }
}
