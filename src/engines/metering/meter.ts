/** Reads from the kernel the resources that a sandbox has used since its start. */
export interface Gauge {
  /** Milliseconds of processor time; `null` if unknown. */
  cpu(): number | null;
  /** Peak memory in bytes; `null` if unknown. */
  peakMemory(): number | null;
  /** Makes the peak memory that of what follows. Returns false if the kernel cannot. */
  forgetPeak(): boolean;
  close(): void;
}

/** Resources that a job has used of its sandbox. */
export interface ResourceUse {
  readonly cpu: number | null;
  /** Peak memory in bytes of the sandbox's whole life. */
  readonly peakMemory: number | null;
}

const MICROSECONDS = 1_000;
/** Milliseconds between readings. If a sandbox is killed from inside, the last reading counts. */
const SAMPLE_EVERY = 100;

/** Assigns the readings of one sandbox's gauge to its jobs. */
export class Meter {
  readonly #gauge: Gauge;
  #from: number | null = null;
  /** Reading up to which jobs have been charged. */
  #told: number | null = null;
  /** Last reading, because the gauge ends with its sandbox. */
  #cpu: number | null = null;
  #peakMemory: number | null = null;
  #used = false;
  /** False if the gauge's peak may be that of an earlier job. */
  #knowsPeak = true;
  #sampling: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  /** Milliseconds of processor time since the sandbox's start, by the last reading. */
  get last(): number | null {
    return this.#cpu;
  }

  /**
   * Begins a job. The first job is not charged for earlier use. Later jobs are, because their own
   * code caused it, unless the sandbox has been renewed.
   */
  begin(renewed = false): void {
    this.#from = this.#used && !renewed ? this.#told : this.#gauge.cpu();
    this.#told = this.#from;
    if (renewed) {
      this.#knowsPeak = this.#gauge.forgetPeak();
      this.#peakMemory = null;
    }
    this.#used = true;
    clearInterval(this.#sampling);
    this.#sampling = setInterval(() => this.read(), SAMPLE_EVERY).unref();
  }

  /** Ends a job. Later use is charged to the next job or to `rest()`. */
  end(): void {
    clearInterval(this.#sampling);
  }

  /** Returns the job's use so far, or until the end of its sandbox. */
  take(): ResourceUse {
    this.#told = this.read();
    return { cpu: difference(this.#from, this.#told), peakMemory: this.#peakMemory };
  }

  /** Reads the gauge while it is open, and returns `last`. */
  read(): number | null {
    if (!this.#closed) {
      this.#cpu = this.#gauge.cpu() ?? this.#cpu;
      if (this.#knowsPeak) this.#peakMemory = this.#gauge.peakMemory() ?? this.#peakMemory;
    }
    return this.#cpu;
  }

  /**
   * Returns the milliseconds of processor time that no job and no earlier call has been charged
   * for.
   */
  rest(): number {
    const rest = this.#used ? difference(this.#told, this.#cpu) : 0;
    this.#told = this.#cpu;
    return rest ?? 0;
  }

  /** Takes the last reading, because the sandbox has ended. */
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
