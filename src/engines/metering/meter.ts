/** Where the kernel says what a sandbox has taken since it was started. */
export interface Gauge {
  /** Milliseconds of processor time; `null` if it is not to be known. */
  cpu(): number | null;
  /** The most bytes of memory there were at a time; `null` if that is not to be known. */
  peakMemory(): number | null;
  close(): void;
}

/** What a job has taken of its sandbox. */
export interface ResourceUse {
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
  /** Up to where jobs have been told of. */
  #told: number | null = null;
  /** As last read: a gauge goes with its sandbox. */
  #cpu: number | null = null;
  #peakMemory: number | null = null;
  #used = false;
  #sampling: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  /** As last read: milliseconds of processor time since the sandbox was started. */
  get last(): number | null {
    return this.#cpu;
  }

  /** Begins a job. Only the first one's leaves out what came before: the rest is their own code's. */
  begin(): void {
    this.#from = this.#used ? this.#told : this.#gauge.cpu();
    this.#told = this.#from;
    this.#used = true;
    clearInterval(this.#sampling);
    this.#sampling = setInterval(() => this.read(), SAMPLE_EVERY).unref();
  }

  /** Ends a job; what its sandbox takes from now on is the next one's, or the `rest()`. */
  end(): void {
    clearInterval(this.#sampling);
  }

  /** What the job has taken by now, or, after the end of its sandbox, by then. */
  take(): ResourceUse {
    this.#told = this.read();
    return { cpu: difference(this.#from, this.#told), peakMemory: this.#peakMemory };
  }

  /** Reads the gauge, as long as there is one, and returns what `last` is then. */
  read(): number | null {
    if (!this.#closed) {
      this.#cpu = this.#gauge.cpu() ?? this.#cpu;
      this.#peakMemory = this.#gauge.peakMemory() ?? this.#peakMemory;
    }
    return this.#cpu;
  }

  /** Milliseconds of processor time that no job has been told of, nor an earlier call of this. */
  rest(): number {
    const rest = this.#used ? difference(this.#told, this.#cpu) : 0;
    this.#told = this.#cpu;
    return rest ?? 0;
  }

  /** Takes a last reading: the sandbox has ended. */
  close(): void {
    this.end();
    if (this.#closed) return;
    this.read();
    this.#closed = true;
    this.#gauge.close();
  }
}

function difference(from: number | null, to: number | null): number | null {
  if (from === null || to === null) return null;
  return Math.round(Math.max(0, to - from) * MICROSECONDS) / MICROSECONDS;
}
