/** Least bytes to make room for once there is a second chunk. */
const MIN_ROOM = 1_024;

/**
 * Gathers bytes in one buffer that doubles. Chunks are copied and never kept: each would be an object of
 * some 265 bytes beside its own, and a part of a larger buffer that it keeps whole.
 */
export class GrowingBytes {
  #bytes: Uint8Array = Buffer.allocUnsafeSlow(0);
  #length = 0;
  readonly #most: number;

  /** `most` is how many bytes there can be. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  add(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#bytes.set(chunk, this.#length);
    this.#length = needed;
  }

  /** All of them, in a buffer that holds nothing else. */
  take(): Uint8Array {
    if (this.#length !== this.#bytes.length) this.#move(this.#length);
    return this.#bytes;
  }

  #grow(needed: number): void {
    // Most bodies are one chunk.
    const room = this.#length === 0 ? needed : Math.max(needed, this.#length * 2, MIN_ROOM);
    this.#move(Math.max(needed, Math.min(room, this.#most)));
  }

  #move(room: number): void {
    const bytes = Buffer.allocUnsafeSlow(room);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
