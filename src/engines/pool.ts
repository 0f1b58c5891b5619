import { EngineUnavailable, HostBusy, type IsolateError, ShuttingDown } from "../errors.ts";
import type { Launcher, Profile, Sandbox } from "./engine.ts";
import { Kept } from "./kept.ts";
import { DEFAULT_REUSE, type ReuseLimits } from "./reuse.ts";
import { type Shelf, Shelves } from "./shelves.ts";

export interface PoolOptions {
  /** The profile that is kept warm from the start. */
  readonly profile: Profile;
  /** Sandboxes of that profile kept warm. */
  readonly min: number;
  /** Sandboxes alive at once, of all profiles, whatever their state. */
  readonly max: number;
  /** Milliseconds after which a sandbox above the minimum is let go. */
  readonly idle: number;
  /** Sandboxes started at the same time. */
  readonly startConcurrency: number;
  /** Requests that may wait for a sandbox; one more is refused at once. */
  readonly maxWaiting: number;
  /** How sandboxes are kept for `keep()`. Default: `DEFAULT_REUSE`. */
  readonly reuse?: ReuseLimits;
  /** Whether to keep any warm before `prewarm()` is called. Default true. */
  readonly prewarm?: boolean;
  /** Milliseconds between two health checks of the warm ones. */
  readonly healthInterval: number;
  /** Told about every failure nobody else hears of. */
  readonly onError: (error: unknown) => void;
}

const PONG_WITHIN = 2_000;
const REFILL_AFTER = 50;
const FIRST_RETRY = 100;
const LAST_RETRY = 5_000;

/**
 * Keeps sandboxes warm, hands each out once, and starts its successor afterwards. A sandbox goes
 * warm → leased → destroyed and never back; one that is kept for a key is leased again for that key
 * alone.
 */
export class Pool {
  /** Told of each sandbox that has been started. */
  readonly onSpawn = new Set<(sandbox: Sandbox) => void>();
  readonly #launcher: Launcher;
  readonly #options: PoolOptions;
  readonly #shelves: Shelves;
  readonly #kept: Kept;
  readonly #leased = new Set<Sandbox>();
  readonly #retiring = new Map<Sandbox, Promise<void>>();
  readonly #launches = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #lastHealthCheck = Date.now();
  #halted: IsolateError | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  /** Starts filling at once unless `halted` says why it must not; see `resume()`. */
  constructor(launcher: Launcher, options: PoolOptions, halted?: IsolateError) {
    this.#launcher = launcher;
    this.#options = options;
    this.#halted = halted;
    this.#shelves = new Shelves(options);
    const { reuse = DEFAULT_REUSE, min, max, idle, healthInterval } = options;
    const total = Math.min(reuse.total, max - min);
    this.#kept = new Kept({ ...reuse, total }, (sandbox) => void this.#retire(sandbox));
    this.#timer = setInterval(
      () => this.#sweep(),
      Math.max(10, Math.min(healthInterval, idle / 2, reuse.idle / 2)),
    );
    this.#timer.unref();
    this.#balance();
  }

  get warm(): number {
    return this.#shelves.warm;
  }

  get starting(): number {
    return this.#launches.size;
  }

  get leased(): number {
    return this.#leased.size;
  }

  get kept(): number {
    return this.#kept.size;
  }

  /** Why nothing is handed out at present. */
  get halted(): IsolateError | undefined {
    return this.#halted;
  }

  /**
   * Leases a sandbox of the profile, at once if one is kept for the key, or warm. Rejects with the
   * signal's reason, with `HostBusy` when the queue is full, or with why none can be started.
   */
  acquire(profile: Profile, signal: AbortSignal, key?: string): Promise<Sandbox> {
    if (this.#halted !== undefined) return Promise.reject(this.#halted);
    const kept = this.#takeKept(profile, key);
    if (kept !== undefined) {
      this.#leased.add(kept);
      return Promise.resolve(kept);
    }
    const shelf = this.#shelves.use(profile);
    const ready = shelf.warm.pop();
    if (ready !== undefined) {
      this.#leased.add(ready.sandbox);
      this.#balanceLater();
      return Promise.resolve(ready.sandbox);
    }
    if (this.#shelves.waiting >= this.#options.maxWaiting) {
      return Promise.reject(new HostBusy("Every sandbox is in use and the queue is full"));
    }
    const leased = shelf.wait(signal, key);
    this.#balance();
    return leased;
  }

  /**
   * Takes a leased sandbox back that has run a key and can run it again: for whoever has waited
   * longest, if that is for the same key, and else until it is asked for or its room is needed.
   */
  keep(sandbox: Sandbox, key: string): void {
    if (!this.#leased.delete(sandbox)) return;
    if (this.#halted !== undefined) {
      void this.#retire(sandbox);
      return;
    }
    for (const gone of this.#kept.put(sandbox, key)) void this.#retire(gone);
    const [shelf] = this.#shelves.byUrgency();
    const first = shelf?.waiting[0];
    const next = shelf && first && this.#takeKept(shelf.profile, first.key);
    if (next !== undefined) {
      shelf?.waiting.shift();
      this.#leased.add(next);
      first?.resolve(next);
    }
    this.#balance();
  }

  #takeKept(profile: Profile, key: string | undefined): Sandbox | undefined {
    if (key === undefined) return undefined;
    for (const sandbox of this.#kept.takeExpired()) void this.#retire(sandbox);
    return this.#kept.take(profile, key);
  }

  /** Ends a leased sandbox and starts what is missing. Failures go to `onError`. */
  async discard(sandbox: Sandbox): Promise<void> {
    this.#leased.delete(sandbox);
    const gone = this.#retire(sandbox);
    this.#balance();
    await gone;
  }

  /** Refuses every request with `reason`, and lets the warm ones go, until `resume()`. */
  halt(reason: IsolateError): void {
    this.#halted = reason;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const idle = [...this.#kept.clear(), ...this.#shelves.clear(reason)];
    for (const sandbox of idle) void this.#retire(sandbox);
  }

  /** Keeps sandboxes warm from now on. */
  prewarm(): void {
    this.#shelves.keepWarm();
    this.#balance();
  }

  resume(): void {
    this.#halted = undefined;
    this.#failures = 0;
    this.#balance();
  }

  /** Ends every sandbox, leased ones too, and refuses requests from now on. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.halt(new ShuttingDown());
    for (const sandbox of this.#leased) void this.discard(sandbox);
    await Promise.all(this.#launches);
    await Promise.all(this.#retiring.values());
  }

  /** An ordinary execution is over by then, and its answer out; a long one must not hold the rest up. */
  #balanceLater(): void {
    setTimeout(() => this.#balance(), REFILL_AFTER).unref();
  }

  /** Starts sandboxes for whoever waits, then for the warm ones that are missing. */
  #balance(): void {
    if (this.#halted !== undefined || this.#retry !== undefined) return;
    for (const shelf of this.#shelves.byUrgency()) {
      while (this.#launches.size < this.#options.startConcurrency && shelf.missing > 0) {
        if (!this.#hasRoomFor(shelf)) break;
        this.#launch(shelf);
      }
    }
  }

  #hasRoomFor(shelf: Shelf): boolean {
    const idle = this.warm + this.#kept.size;
    const alive = idle + this.#leased.size + this.#launches.size + this.#retiring.size;
    if (alive < this.#options.max) return true;
    if (shelf.waiting.length > this.#retiring.size) {
      const spare = this.#kept.takeOldest() ?? this.#shelves.oldestWarmBeside(shelf);
      if (spare !== undefined) void this.#retire(spare);
    }
    return false;
  }

  #launch(shelf: Shelf): void {
    shelf.starting += 1;
    const launch = this.#launcher.launch(shelf.profile).then(
      (sandbox) => {
        this.#failures = 0;
        for (const listener of this.onSpawn) listener(sandbox);
        this.#place(sandbox, shelf);
      },
      (error: unknown) => this.#backOff(error, shelf),
    );
    const settled = launch.finally(() => {
      shelf.starting -= 1;
      this.#launches.delete(settled);
      this.#balance();
    });
    this.#launches.add(settled);
  }

  #place(sandbox: Sandbox, shelf: Shelf): void {
    if (this.#halted !== undefined) {
      void this.#retire(sandbox);
      return;
    }
    const waiter = shelf.waiting.shift();
    if (waiter !== undefined) {
      this.#leased.add(sandbox);
      waiter.resolve(sandbox);
      return;
    }
    shelf.warm.push({ sandbox, since: Date.now() });
    void sandbox.closed.then(() => {
      if (!shelf.take(sandbox)) return;
      void this.#retire(sandbox);
      this.#backOff(new Error(`Sandbox ${sandbox.id} ended while it was idle`), shelf);
    });
  }

  /** After a failed start the first to wait is told why, and the next start is put off. */
  #backOff(error: unknown, shelf: Shelf): void {
    this.#options.onError(error);
    const message = "A sandbox could not be started";
    shelf.waiting.shift()?.reject(new EngineUnavailable(message, { cause: error, retryAfter: 2 }));
    if (this.#halted !== undefined || this.#retry !== undefined) return;
    const delay = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** this.#failures);
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#balance();
    }, delay);
    this.#retry.unref();
  }

  async #retire(sandbox: Sandbox): Promise<void> {
    const gone = sandbox.destroy().catch(this.#options.onError);
    this.#retiring.set(sandbox, gone);
    // What has room now need not wait for the old one's last trace to go, only be told when it did.
    await gone;
    this.#retiring.delete(sandbox);
    this.#balance();
  }

  #sweep(): void {
    const now = Date.now();
    const idle = [...this.#kept.takeExpired(), ...this.#shelves.takeIdle(now)];
    for (const sandbox of idle) void this.#retire(sandbox);
    if (now - this.#lastHealthCheck >= this.#options.healthInterval) {
      this.#lastHealthCheck = now;
      for (const shelf of this.#shelves.byUrgency()) {
        for (const { sandbox } of shelf.warm) {
          this.#checkHealth(sandbox, () => shelf.take(sandbox));
        }
      }
      for (const sandbox of this.#kept.all()) {
        this.#checkHealth(sandbox, () => this.#kept.remove(sandbox));
      }
    }
    this.#balance();
  }

  /** `take` takes an idle sandbox from where it is; false if it is there no more. */
  #checkHealth(sandbox: Sandbox, take: () => boolean): void {
    sandbox.ping(PONG_WITHIN).catch((error: unknown) => {
      if (!take()) return;
      this.#options.onError(error);
      void this.#retire(sandbox);
    });
  }
}
