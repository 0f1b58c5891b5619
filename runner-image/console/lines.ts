import { MAX_LOG_MESSAGE } from "../../src/protocol/limits.ts";
import {
  decodeBytes,
  indexOfText,
  NativeBytes,
  NativeDecoder,
  setBytes,
  sizeOfArray,
  sliceBytes,
  sliceText,
} from "../base/primordials.ts";

/** Bytes that are decoded at once. */
const CHUNK = 16_384;
const MORE = { __proto__: null, stream: true } as { stream: true };

/** Cuts bytes into lines of text. A line ends, too, once it is as long as a message may be. */
export class Lines {
  readonly #onLine: (line: string) => void;
  #decoder: TextDecoder | undefined;
  #rest = "";

  /** `onLine` receives each line without its newline. */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes bytes, and copies them: the memory may be shared with another thread. */
  write(bytes: Uint8Array): void {
    this.#decoder ??= new NativeDecoder();
    const size = sizeOfArray(bytes);
    for (let from = 0; from < size; from += CHUNK) {
      const part = sliceBytes(bytes, from, from + CHUNK);
      const copy = new NativeBytes(sizeOfArray(part));
      setBytes(copy, part, 0);
      this.#take(decodeBytes(this.#decoder, copy, MORE));
    }
  }

  /** Ends a line that has begun. */
  flush(): void {
    if (this.#decoder === undefined) return;
    this.#take(decodeBytes(this.#decoder));
    if (this.#rest === "") return;
    const line = this.#rest;
    this.#rest = "";
    this.#onLine(line);
  }

  #take(text: string): void {
    let from = 0;
    for (let at = indexOfText(text, "\n"); at >= 0; at = indexOfText(text, "\n", from)) {
      const line = this.#rest + sliceText(text, from, at);
      this.#rest = "";
      from = at + 1;
      this.#onLine(line);
    }
    this.#rest += sliceText(text, from);
    if (this.#rest.length < MAX_LOG_MESSAGE) return;
    const line = sliceText(this.#rest, 0, MAX_LOG_MESSAGE);
    this.#rest = sliceText(this.#rest, MAX_LOG_MESSAGE);
    this.#onLine(line);
  }
}
