import { EngineUnavailable } from "../../base/errors.ts";
import type { Sandbox } from "../contract/contract.ts";
import type { Meter } from "../metering/meter.ts";

/** Holds all that a sandbox computes to a small part of a core, and lets go of it again. */
export interface Throttle {
  hold(): Promise<void>;
  /** Does nothing to one that is not held. */
  release(): Promise<void>;
}

/** Milliseconds between two looks at an idle sandbox. */
const CHECK_EVERY = 200;
/** Milliseconds of processor time that code may take after its answer: collecting garbage takes some. */
const FREE = 50;
/** Part of a core that an idle sandbox may take beyond that. */
const SHARE = 0.02;
/** Milliseconds after which an idle sandbox is held that nothing measures. */
const UNMEASURED_AFTER = 1_000;

/**
 * Watches a sandbox between two of its jobs, and has it held once it takes more than `SHARE`. One that
 * only waits is never held, so that its next job need not be waited for.
 */
export class IdleWatch {
  readonly #meter: Meter | undefined;
  readonly #throttle: Throttle;
  readonly #end: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Where the present count began. */
  #from: number | null = null;
  #since = 0;
  #held = false;
  /** The throttle's calls, one behind the other. */
  #last: Promise<void> = Promise.resolve();

  /** `end` ends the sandbox, if it cannot be held. */
  constructor(meter: Meter | undefined, throttle: Throttle, end: () => void) {
    this.#meter = meter;
    this.#throttle = throttle;
    this.#end = end;
  }

  /** Watches from now on. */
  begin(): void {
    clearInterval(this.#timer);
    this.#count(this.#meter?.last ?? null);
    this.#timer = setInterval(() => this.#check(), CHECK_EVERY).unref();
  }

  /** Watches no more. Resolves once the sandbox is free; `undefined` says that it is. */
  end(): Promise<void> | undefined {
    clearInterval(this.#timer);
    return this.#held ? this.#release() : undefined;
  }

  /** Does what needs the sandbox's answer, and has a held one held again afterwards. */
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
    // Counted anew: one that takes as much again is held no more, whoever has let go of it.
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

/** The same sandbox, watched from each `idle()` to the next `run()`. `end` ends it. */
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
      // What is held takes long to die.
      await watch.end()?.catch(() => {});
      await sandbox.destroy();
    },
  };
}

function notReleased(cause: unknown): never {
  throw new EngineUnavailable("A kept sandbox could not be woken", { cause, retryAfter: 2 });
}
