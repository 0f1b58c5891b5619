import { HeadSyntaxError } from "./head.ts";

const LF = 0x0a;
const CRLF = "\r\n";
/** Most bytes of the line before a chunk: its size and extensions, which are dropped. */
const MAX_SIZE_LINE = 1_024;
/** Most bytes of all trailers together, which are dropped. */
const MAX_TRAILERS = 16_384;
/** Matches a size of up to 4 GiB less one byte, and the extensions behind it. */
const SIZE = /^([0-9a-f]{1,8})[ \t]*(?:;[^\r]*)?\r\n$/i;

/** Extracts the data from a host's chunked body. Drops extensions and trailers. */
export class ChunkReader {
  #state: "size" | "data" | "data-end" | "trailers" | "done" = "size";
  #left = 0;
  #line = "";
  #trailers = 0;

  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * Returns the data in the next bytes. Ignores bytes behind the end.
   *
   * @throws {HeadSyntaxError} For malformed chunks.
   */
  take(bytes: Buffer): Buffer {
    const data: Buffer[] = [];
    let at = 0;
    while (at < bytes.length && !this.done) {
      if (this.#state === "data") {
        const part = bytes.subarray(at, at + this.#left);
        data.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = "data-end";
      } else {
        const end = bytes.indexOf(LF, at);
        const next = end === -1 ? bytes.length : end + 1;
        this.#addToLine(bytes.subarray(at, next), end !== -1);
        at = next;
      }
    }
    return data.length === 1 ? (data[0] as Buffer) : Buffer.concat(data);
  }

  #addToLine(part: Buffer, complete: boolean): void {
    if (this.#state === "trailers") this.#trailers += part.length;
    const most = this.#state === "trailers" ? MAX_TRAILERS : MAX_SIZE_LINE;
    if (this.#line.length + part.length > most || this.#trailers > MAX_TRAILERS) {
      throw new HeadSyntaxError("The frame of a chunk is too long");
    }
    this.#line += part.toString("latin1");
    if (!complete) return;
    this.#endLine(this.#line);
    this.#line = "";
  }

  #endLine(line: string): void {
    if (this.#state === "size") {
      const [, size] = SIZE.exec(line) ?? [];
      if (size === undefined) throw new HeadSyntaxError("A chunk's size is no hexadecimal number");
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? "trailers" : "data";
    } else if (this.#state === "trailers") {
      if (line === CRLF) this.#state = "done";
    } else {
      if (line !== CRLF) throw new HeadSyntaxError("A chunk does not end where its size says");
      this.#state = "size";
    }
  }
}
