/** Where the kernel says what a sandbox has taken since it was started. */
export interface Gauge {
  /** Milliseconds of processor time; `null` if it is not to be known. */
  cpu(): number | null;
  /** The most bytes of memory there were at a time; `null` if that is not to be known. */
  peakMemory(): number | null;
  close(): void;
}

/** What a job has taken of its sandbox. */
export interface Taken {
  readonly cpu: number | null;
  /** The sandbox's, over all of its life. */
  readonly peakMemory: number | null;
}

const MICROSECONDS = 1_000;
/** Milliseconds between readings: what a sandbox takes that is killed inside is known until then. */
const SAMPLE_EVERY = 100;

/** Tells the jobs of one sandbox apart on its gauge. */
export class Meter {
  readonly #gauge: Gauge;
  #from: number | null = null;
  /** As last read: a gauge goes with its sandbox. */
  #cpu: number | null = null;
  #peakMemory: number | null = null;
  #used = false;
  #sampling: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  /** Begins a job. Only the first one's leaves out what came before: the rest is their own code's. */
  begin(): void {
    this.#from = this.#used ? this.#cpu : this.#gauge.cpu();
    this.#used = true;
    clearInterval(this.#sampling);
    this.#sampling = setInterval(() => this.take(), SAMPLE_EVERY).unref();
  }

  /** Ends a job; what its sandbox takes from now on is the next one's. */
  end(): void {
    clearInterval(this.#sampling);
  }

  /** What the job has taken by now, or, after the end of its sandbox, by then. */
  take(): Taken {
    if (!this.#closed) {
      this.#cpu = this.#gauge.cpu() ?? this.#cpu;
      this.#peakMemory = this.#gauge.peakMemory() ?? this.#peakMemory;
    }
    const cpu = this.#cpu === null || this.#from === null ? null : this.#cpu - this.#from;
    const rounded =
      cpu === null ? null : Math.round(Math.max(0, cpu) * MICROSECONDS) / MICROSECONDS;
    return { cpu: rounded, peakMemory: this.#peakMemory };
  }

  /** Takes a last reading: the sandbox has ended. */
  close(): void {
    this.end();
    if (this.#closed) return;
    this.take();
    this.#closed = true;
    this.#gauge.close();
  }
}
