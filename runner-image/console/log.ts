import { clip, MAX_LOG_MESSAGE, type OutputLimits } from "../../src/protocol/limits.ts";
import type { ConsoleLevel, OutputStream, WorkerMessage } from "../../src/protocol/messages.ts";
import { authorText } from "../base/author-text.ts";
import {
  indexOfText,
  leadingZeros,
  least,
  most,
  repeatText,
  replaceAllText,
} from "../base/primordials.ts";
import { Lines } from "./lines.ts";

/** Levels of groups that are indented. Deeper ones stay at this one. */
const MOST_GROUPS = 40;

/** Level of the lines that code writes to a stream. */
const LEVEL_OF: Record<OutputStream, ConsoleLevel> = { stdout: "log", stderr: "error" };

/**
 * The log of one execution. Forwards entries until a limit is reached; from then on it only counts.
 */
export class ConsoleLog {
  readonly #limits: OutputLimits;
  readonly #send: (message: WorkerMessage) => void;
  readonly #moduleUrl: () => string | undefined;
  readonly #stdout = new Lines((line) => this.#line("stdout", line));
  readonly #stderr = new Lines((line) => this.#line("stderr", line));
  #groups = 0;
  #entries = 0;
  #bytes = 0;
  /** Number of entries left out because a limit was reached. */
  dropped = 0;

  /** `moduleUrl` returns the name under which stacks have the code. */
  constructor(
    limits: OutputLimits,
    send: (message: WorkerMessage) => void,
    moduleUrl: () => string | undefined = () => undefined,
  ) {
    this.#limits = limits;
    this.#send = send;
    this.#moduleUrl = moduleUrl;
  }

  /** Adds the entry of a console method. `text` is called only if there is room for it. */
  write(level: ConsoleLevel, text: () => string, indent = true): void {
    // A line that has begun comes before, as it would on a terminal.
    this.#stdout.flush();
    this.#stderr.flush();
    if (this.#isFull()) {
      this.#drop(1);
      return;
    }
    const message = clip(text(), MAX_LOG_MESSAGE);
    this.#add(level, indent ? this.#indented(message) : message);
  }

  /** Takes bytes that code has written to a stream. Each line becomes an entry. */
  writeBytes(stream: OutputStream, bytes: Uint8Array): void {
    const lines = stream === "stdout" ? this.#stdout : this.#stderr;
    lines.write(bytes);
  }

  /** Takes an entry that a nested worker has made. */
  take(level: ConsoleLevel, message: string, stream?: OutputStream): void {
    if (this.#isFull()) this.#drop(1);
    else this.#add(level, message, stream);
  }

  /** Counts entries that were dropped elsewhere. */
  addDropped(count: number): void {
    this.#drop(count);
  }

  /** Makes an entry of each line that has no end yet. */
  flush(): void {
    this.#stdout.flush();
    this.#stderr.flush();
  }

  /** Indents later entries by one level more, or by one less. */
  group(by: 1 | -1): void {
    this.#groups = most(this.#groups + by, 0);
  }

  #line(stream: OutputStream, line: string): void {
    if (this.#isFull()) this.#drop(1);
    else this.#add(LEVEL_OF[stream], line, stream);
  }

  #isFull(): boolean {
    return this.#entries >= this.#limits.logEntries || this.#bytes >= this.#limits.logBytes;
  }

  #add(level: ConsoleLevel, text: string, stream?: OutputStream): void {
    const message = clip(
      authorText(clip(text, MAX_LOG_MESSAGE), this.#moduleUrl()),
      MAX_LOG_MESSAGE,
    );
    this.#entries += 1;
    this.#bytes += message.length;
    this.#send({ type: "log", level, message, ...(stream && { stream }) });
  }

  #indented(text: string): string {
    if (this.#groups === 0) return text;
    const indent = repeatText("  ", least(this.#groups, MOST_GROUPS));
    const lines = indexOfText(text, "\n") < 0 ? text : replaceAllText(text, "\n", `\n${indent}`);
    return indent + lines;
  }

  /**
   * Counts dropped entries. Reports the count at powers of two, so that it is known even if the
   * deadline ends the run.
   */
  #drop(count: number): void {
    const before = this.dropped;
    this.dropped += count;
    if (leadingZeros(before) !== leadingZeros(this.dropped)) {
      this.#send({ type: "dropped", count: this.dropped });
    }
  }
}
