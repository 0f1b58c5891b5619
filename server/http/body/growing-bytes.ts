/** Smallest buffer once there is a second chunk. */
const MIN_ROOM = 1_024;

/**
 * Collects bytes in one buffer that doubles. Chunks are copied and never kept. A kept chunk would
 * be an object of some 265 bytes. It would also keep the whole larger buffer that it is a part of.
 */
export class GrowingBytes {
  #bytes: Uint8Array = Buffer.allocUnsafeSlow(0);
  #length = 0;
  readonly #most: number;

  /** Creates a buffer for at most `most` bytes. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  add(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#bytes.set(chunk, this.#length);
    this.#length = needed;
  }

  /** Returns all bytes in a buffer without any others. */
  take(): Uint8Array {
    if (this.#length !== this.#bytes.length) this.#move(this.#length);
    return this.#bytes;
  }

  #grow(needed: number): void {
    // Exact for the first chunk, because most bodies have only one.
    const room = this.#length === 0 ? needed : Math.max(needed, this.#length * 2, MIN_ROOM);
    this.#move(Math.max(needed, Math.min(room, this.#most)));
  }

  #move(room: number): void {
    const bytes = Buffer.allocUnsafeSlow(room);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
