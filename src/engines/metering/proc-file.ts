import { closeSync, openSync, readSync, writeFileSync } from "node:fs";

const MOST_BYTES = 8_192;
const buffer = Buffer.alloc(MOST_BYTES);

/**
 * A small kernel file, kept open and read anew each time, in a few microseconds. An open file never
 * shows another process that later gets the same id.
 */
export class ProcFile {
  #fd: number | undefined;

  constructor(path: string) {
    try {
      this.#fd = openSync(path, "r");
    } catch {
      // This host has no such file.
    }
  }

  /** Returns its text; `undefined` if it cannot be read, or no longer. */
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

/** Writes to a kernel file. Returns false if that is not possible here. */
export function hasWritten(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}
