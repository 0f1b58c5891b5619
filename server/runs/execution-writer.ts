import type { Executions, RecordedExecution } from "../store/contract/executions.ts";
import type { KeptLogs } from "../store/contract/logs.ts";
import { StorageReserved, StoreUnavailable } from "../store/contract/store-errors.ts";
import { WaitingBytes } from "./waiting-bytes.ts";

export interface ExecutionWriterOptions {
  /** Receives each failed attempt to write. It is repeated. */
  readonly onError: (error: unknown) => void;
  /** Receives the number of rows that are dropped because the store has no room. */
  readonly onDropped?: (rows: number) => void;
  /** Most rows that wait for the store. Default 10,000. */
  readonly capacity?: number;
  /** Most bytes of rows that wait for the store. Default 64 MiB. */
  readonly bytes?: number;
  /** Most characters of logs among them. Further rows come without theirs. Default half of it. */
  readonly logs?: number;
  /** Milliseconds for which rows are collected while few come. Default 50. */
  readonly delay?: number;
  /** Most milliseconds of that under load, where each write costs the store a commit. Default 1,000. */
  readonly longestDelay?: number;
  /** Most rows of one write. Default 500. */
  readonly batch?: number;
}

/** Most bytes of one write, unless its first row alone has more. */
const WRITE_BYTES = 4_194_304;
/** Milliseconds that each row a second adds to the delay: a quarter of a second for 40 rows a second. */
const DELAY_PER_RATE = 5;
/** Most milliseconds between two attempts while the store does not answer. */
const MAX_BACKOFF = 5_000;

/**
 * Records executions after their answers, many at a time, with retries. The waiting rows are
 * bounded: while it is `full`, no execution may start that would need a record.
 */
export class ExecutionWriter {
  readonly #store: Pick<Executions, "record">;
  readonly #options: Required<ExecutionWriterOptions>;
  #waiting: RecordedExecution[] = [];
  #bytes = 0;
  readonly #logs: WaitingBytes;
  #timer: NodeJS.Timeout | undefined;
  /** Rows a second before the last write, and its time. */
  #rate = 0;
  #wroteAt = performance.now();
  #writing: Promise<void> | undefined;
  #failures = 0;
  /** Number of first rows that the store has refused together. */
  #suspects = 0;
  #stopped = false;
  #isDropping = false;
  /** Number of rows that running executions will add. */
  #expected = 0;

  constructor(store: Pick<Executions, "record">, options: ExecutionWriterOptions) {
    this.#store = store;
    const { bytes = 67_108_864 } = options;
    this.#options = {
      capacity: 10_000,
      bytes,
      logs: bytes / 2,
      delay: 50,
      longestDelay: 1_000,
      batch: 500,
      onDropped: () => {},
      ...options,
    };
    this.#logs = new WaitingBytes(this.#options.logs);
  }

  /** True if no further row fits, including the expected ones. */
  get full(): boolean {
    const { capacity, bytes } = this.#options;
    return this.#waiting.length + this.#expected >= capacity || this.#bytes >= bytes;
  }

  /** Number of rows that are not written yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Reserves room for one row. Its execution releases it by `record()` or `forgo()`. */
  expect(): void {
    this.#expected += 1;
  }

  forgo(): void {
    this.#expected -= 1;
  }

  /** Adds the row of an expected execution. Never waits for the store. */
  record(row: RecordedExecution): void {
    this.#expected -= 1;
    const { tenant, logs } = row;
    const fits =
      logs === undefined || logs.count === 0 || this.#logs.take(tenant, logs.entries.length);
    const kept = fits ? row : { ...row, logs: withoutEntries(logs) };
    this.#waiting.push(kept);
    this.#bytes += sizeOf(kept);
    // One write takes no more.
    if (this.#waiting.length >= this.#options.batch && this.#failures === 0) void this.#write();
    else this.#schedule();
  }

  /** Resolves once all rows so far are written, or have failed. */
  async flush(): Promise<void> {
    // Rows recorded meanwhile are not part of the write under way.
    await this.#writing;
    if (this.#waiting.length > 0 && !this.#stopped) await this.#write();
  }

  /** Writes the waiting rows, for at most `patience` ms. Resolves with the number of lost rows. */
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
    const { delay, longestDelay } = this.#options;
    const underLoad = Math.min(delay + DELAY_PER_RATE * this.#rate, Math.max(delay, longestDelay));
    const backoff =
      this.#failures === 0 ? underLoad : Math.min(MAX_BACKOFF, delay * 2 ** this.#failures);
    this.#timer = setTimeout(() => void this.#write(), backoff);
    this.#timer.unref();
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing === undefined) this.#measure();
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#schedule();
    });
    return this.#writing;
  }

  /** Measures how many rows come, at the start of a write. */
  #measure(): void {
    const now = performance.now();
    this.#rate = (1_000 * this.#waiting.length) / Math.max(1, now - this.#wroteAt);
    this.#wroteAt = now;
  }

  /** Writes until no row waits, or the store is away. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stopped) {
      const rows = this.#suspects > 0 ? this.#waiting.slice(0, 1) : this.#next();
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
        // One of the rows is refused for good. Each is tried alone, and that one is dropped.
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

  /** Returns the first rows, as many as one write has. */
  #next(): RecordedExecution[] {
    const rows = this.#waiting.slice(0, this.#options.batch);
    let bytes = 0;
    const end = rows.findIndex(({ logs, denied }, at) => {
      bytes += (logs?.entries.length ?? 0) + sizeOfDenied(denied);
      return at > 0 && bytes > WRITE_BYTES;
    });
    return end < 0 ? rows : rows.slice(0, end);
  }

  /** Removes rows from the start of the waiting ones. */
  #forget(rows: readonly RecordedExecution[]): void {
    this.#waiting.splice(0, rows.length);
    for (const row of rows) {
      this.#bytes -= sizeOf(row);
      if (row.logs && row.logs.count > 0) this.#logs.give(row.tenant, row.logs.entries.length);
    }
  }

  /**
   * Drops rows while the disk is full. Executions go on, because a missing record is the smaller
   * loss.
   */
  #drop(rows: readonly RecordedExecution[], error: StorageReserved): void {
    if (!this.#isDropping) this.#options.onError(error);
    this.#isDropping = true;
    this.#forget(rows);
    this.#suspects = Math.max(0, this.#suspects - rows.length);
    this.#options.onDropped(rows.length);
  }
}

/** Estimates a row's bytes. Only lists of permissions, tools and denials, and logs, can be long. */
function sizeOf({ permissions, tools, logs, denied }: RecordedExecution): number {
  const lists = JSON.stringify([permissions, tools]).length + sizeOfDenied(denied);
  return 1_024 + lists + (logs?.entries.length ?? 0);
}

/** Estimates the bytes of refused accesses in the statement, whose rows have names. */
function sizeOfDenied(denied: RecordedExecution["denied"] = []): number {
  return denied.reduce((sum, { subject }) => sum + 100 + subject.length, 0);
}

/** Returns the logs with all of their entries left out, because a missing entry is a small loss. */
function withoutEntries({ count, dropped, ...logs }: KeptLogs): KeptLogs {
  return { ...logs, entries: "[]", count: 0, dropped: dropped + count, level: -1 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
