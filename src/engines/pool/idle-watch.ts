import { EngineUnavailable } from "../../base/errors.ts";
import type { Sandbox } from "../contract/contract.ts";
import type { Meter } from "../metering/meter.ts";

/** Slows a sandbox down to a small part of a core, and releases it again. */
export interface Throttle {
  hold(): Promise<void>;
  /** Releases the sandbox. Does nothing if it is not held. */
  release(): Promise<void>;
}

/** Milliseconds between two checks of an idle sandbox. */
const CHECK_EVERY = 200;
/**
 * Milliseconds of processor time that code may use after its answer, for example for garbage
 * collection.
 */
const FREE = 50;
/** Part of a core that an idle sandbox may use beyond that. */
const SHARE = 0.02;
/** Milliseconds after which an idle sandbox without a meter is held. */
const UNMEASURED_AFTER = 1_000;

/**
 * Watches an idle sandbox, and holds it when it uses more than `SHARE`. A sandbox that only waits
 * is never held, so its next job starts without a wait.
 */
export class IdleWatch {
  readonly #meter: Meter | undefined;
  readonly #throttle: Throttle;
  readonly #end: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Reading at which the present count began. */
  #from: number | null = null;
  #since = 0;
  #held = false;
  /** Last call of the throttle. The calls run one after the other. */
  #last: Promise<void> = Promise.resolve();

  /** `end` ends a sandbox that cannot be held. */
  constructor(meter: Meter | undefined, throttle: Throttle, end: () => void) {
    this.#meter = meter;
    this.#throttle = throttle;
    this.#end = end;
  }

  /** Starts to watch. */
  begin(): void {
    clearInterval(this.#timer);
    this.#count(this.#meter?.last ?? null);
    this.#timer = setInterval(() => this.#check(), CHECK_EVERY).unref();
  }

  /** Stops watching. Resolves when the sandbox is released; `undefined` if it was not held. */
  end(): Promise<void> | undefined {
    clearInterval(this.#timer);
    return this.#held ? this.#release() : undefined;
  }

  /** Releases the sandbox while `work` needs its answer, then checks whether to hold it again. */
  async lift(work: () => Promise<void>): Promise<void> {
    if (!this.#held) return work();
    await this.#release();
    await work();
    this.#check();
  }

  #count(from: number | null): void {
    this.#from = from;
    this.#since = performance.now();
  }

  #check(): void {
    const used = this.#meter?.read() ?? null;
    const elapsed = performance.now() - this.#since;
    if (used === null || this.#from === null) {
      if (this.#held || elapsed < UNMEASURED_AFTER) return;
    } else if (used - this.#from <= FREE + SHARE * elapsed) return;
    // Starts a new count, so a sandbox that goes on computing is held again, whoever released it.
    this.#count(used);
    this.#hold();
  }

  #hold(): void {
    this.#held = true;
    this.#last = this.#last
      .then(() => (this.#held ? this.#throttle.hold() : undefined))
      .catch(() => this.#end());
  }

  #release(): Promise<void> {
    this.#held = false;
    const released = this.#last.then(() => this.#throttle.release());
    this.#last = released.catch(() => {});
    return released;
  }
}

/** Wraps a sandbox so that it is watched from each `idle()` to the next `run()`. `end` ends it. */
export function watched(sandbox: Sandbox, throttle: Throttle, end: () => void): Sandbox {
  const watch = new IdleWatch(sandbox.meter, throttle, end);
  void sandbox.closed.then(() => watch.end()?.catch(() => {}));
  return {
    ...sandbox,
    idle: () => watch.begin(),
    run(job, events, timeLeft) {
      const run = () => sandbox.run(job, events, timeLeft);
      return watch.end()?.then(run, notReleased) ?? run();
    },
    ping: (timeout) => watch.lift(() => sandbox.ping(timeout)),
    async destroy() {
      // A held sandbox would take long to end.
      await watch.end()?.catch(() => {});
      await sandbox.destroy();
    },
  };
}

function notReleased(cause: unknown): never {
  throw new EngineUnavailable("A kept sandbox could not be woken", { cause, retryAfter: 2 });
}
