/** Thrown as soon as a line is longer than its reader accepts. */
export class LineTooLongError extends Error {
  override readonly name = "LineTooLongError";
}

/** Cuts bytes into lines of UTF-8 text. Memory in use never exceeds `maxBytes` and one chunk. */
export class LineDecoder {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next chunk and yields every line it completes.
   *
   * @throws {LineTooLongError} For a line of more than `maxBytes`.
   */
  *push(chunk: Uint8Array): Generator<string> {
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      this.#keep(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      const line = Buffer.concat(this.#parts).toString("utf8");
      this.#parts = [];
      this.#length = 0;
      yield line;
    }
    if (rest.length > 0) this.#keep(rest);
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) {
      throw new LineTooLongError(`A line is longer than ${this.#maxBytes} bytes`);
    }
    this.#parts.push(part);
  }
}
