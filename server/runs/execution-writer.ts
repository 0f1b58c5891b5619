import type { ExecutionRow, Executions } from "../store/contract/executions.ts";
import { StorageReserved, StoreUnavailable } from "../store/contract/store-errors.ts";

export interface ExecutionWriterOptions {
  /** Told of each attempt at writing that fails; it is made again. */
  readonly onError: (error: unknown) => void;
  /** Told how many rows are left out because the store keeps nothing more at present. */
  readonly onDropped?: (rows: number) => void;
  /** Rows that may wait for the store. Default 10,000. */
  readonly capacity?: number;
  /** Bytes of rows that may wait for the store. Default 64 MiB. */
  readonly bytes?: number;
  /** Milliseconds a row waits for others to be written with. Default 50. */
  readonly delay?: number;
  /** Rows written in one go. Default 500. */
  readonly batch?: number;
}

/** Most milliseconds between two attempts at a store that does not answer. */
const MAX_BACKOFF = 5_000;

/**
 * Writes down executions behind their answers, many at a time, and each until it is written. What
 * waits is bounded: once it is `full`, nothing may be started that would have to be recorded.
 */
export class ExecutionWriter {
  readonly #store: Pick<Executions, "record">;
  readonly #options: Required<ExecutionWriterOptions>;
  #waiting: ExecutionRow[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failures = 0;
  /** Rows among the first that the store has refused together. */
  #suspects = 0;
  #stopped = false;
  #isDropping = false;
  /** Rows that something under way will bring. */
  #expected = 0;

  constructor(store: Pick<Executions, "record">, options: ExecutionWriterOptions) {
    this.#store = store;
    this.#options = {
      capacity: 10_000,
      bytes: 67_108_864,
      delay: 50,
      batch: 500,
      onDropped: () => {},
      ...options,
    };
  }

  /** Whether a row more would be one too many, counting those that are still to come. */
  get full(): boolean {
    const { capacity, bytes } = this.#options;
    return this.#waiting.length + this.#expected >= capacity || this.#bytes >= bytes;
  }

  /** Rows that are not written yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Keeps room for one row. Its execution gives it back by `record()` or `forgo()`. */
  expect(): void {
    this.#expected += 1;
  }

  forgo(): void {
    this.#expected -= 1;
  }

  /** Takes the row of an execution that was expected; never waits for the store. */
  record(row: ExecutionRow): void {
    this.#expected -= 1;
    this.#waiting.push(row);
    this.#bytes += sizeOf(row);
    this.#schedule();
  }

  /** Resolves once all that was recorded by now is written, or has failed to be. */
  async flush(): Promise<void> {
    // What is on its way does not hold what came after it.
    await this.#writing;
    if (this.#waiting.length > 0 && !this.#stopped) await this.#write();
  }

  /**
   * Writes what waits, for up to `patience` ms, and then no more. Resolves with how many rows are
   * lost.
   */
  async close(patience: number): Promise<number> {
    const end = Date.now() + patience;
    while (this.#waiting.length > 0 && Date.now() < end) {
      await Promise.race([this.flush(), pause(end - Date.now())]);
      if (this.#waiting.length > 0) await pause(Math.min(100, end - Date.now()));
    }
    this.#stopped = true;
    clearTimeout(this.#timer);
    return this.#waiting.length;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined || this.#stopped) return;
    const { delay } = this.#options;
    const backoff =
      this.#failures === 0 ? delay : Math.min(MAX_BACKOFF, delay * 2 ** this.#failures);
    this.#timer = setTimeout(() => void this.#write(), backoff);
    this.#timer.unref();
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#schedule();
    });
    return this.#writing;
  }

  /** Writes until nothing waits, or the store is away. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stopped) {
      const rows = this.#waiting.slice(0, this.#suspects > 0 ? 1 : this.#options.batch);
      try {
        await this.#store.record(rows);
      } catch (error) {
        if (error instanceof StorageReserved) {
          this.#drop(rows, error);
          continue;
        }
        this.#options.onError(error);
        if (error instanceof StoreUnavailable) {
          this.#failures += 1;
          return;
        }
        // One of them is no good and never will be: each is tried alone, and that one is left out.
        if (rows.length > 1) {
          this.#suspects = rows.length;
          continue;
        }
      }
      this.#failures = 0;
      this.#isDropping = false;
      this.#suspects = Math.max(0, this.#suspects - rows.length);
      this.#forget(rows);
    }
  }

  /** Takes rows that are the first that wait off. */
  #forget(rows: readonly ExecutionRow[]): void {
    this.#waiting.splice(0, rows.length);
    for (const row of rows) this.#bytes -= sizeOf(row);
  }

  /** What runs does not wait for room on a disk: its record is the least of what is lost. */
  #drop(rows: readonly ExecutionRow[], error: StorageReserved): void {
    if (!this.#isDropping) this.#options.onError(error);
    this.#isDropping = true;
    this.#forget(rows);
    this.#suspects = Math.max(0, this.#suspects - rows.length);
    this.#options.onDropped(rows.length);
  }
}

/** Bytes a row takes, roughly: lists of permissions are all of it that can be long. */
function sizeOf({ permissions, tools }: ExecutionRow): number {
  return 1_024 + JSON.stringify([permissions, tools]).length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
