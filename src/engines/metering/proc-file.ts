import { closeSync, openSync, readSync } from "node:fs";

const MOST_BYTES = 8_192;
const buffer = Buffer.alloc(MOST_BYTES);

/**
 * A small file of the kernel's, kept open: read anew each time, in some microseconds, and never
 * that of another process which has got the same id since.
 */
export class ProcFile {
  #fd: number | undefined;

  constructor(path: string) {
    try {
      this.#fd = openSync(path, "r");
    } catch {
      // There is no such file here.
    }
  }

  /** Its text; `undefined` if it cannot be read, or not any more. */
  read(): string | undefined {
    if (this.#fd === undefined) return undefined;
    try {
      const length = readSync(this.#fd, buffer, 0, MOST_BYTES, 0);
      return buffer.toString("latin1", 0, length);
    } catch {
      return undefined;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
