import { setTimeout as sleep } from "node:timers/promises";
import type { Wanted } from "../store/contract/leases.ts";
import { IDLE } from "./lease-times.ts";

/** Answer of the store about permits. */
export interface Granted {
  readonly granted: number;
  /** Milliseconds from the question on for which they may be used. */
  readonly lasts: number;
  /** Makes the refusal of those that got none. */
  readonly refusal: () => Error;
  /** Milliseconds after which a further question may be granted. Default: those that ask are refused. */
  readonly again?: number | undefined;
}

interface Asking {
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds for which a refusal holds without a further question. */
const REFUSED_FOR = 250;
/** Milliseconds for which one waits for what other servers may give back: they keep it for `IDLE`. */
const PATIENCE = 2 * IDLE;
/** Least milliseconds over which a pace is measured. */
const SPAN = 20;
const MOST_AHEAD = 10_000;

/**
 * Permits of one tenant, of which the store has the count. Asks for some ahead of time, by the pace
 * at which they are used, so that most need no question. One question runs at a time, for all that
 * ask.
 */
export class Permits {
  readonly #ask: (wanted: Wanted) => Promise<Granted>;
  readonly #onIdle: () => void;
  #ahead = 0;
  #aheadUntil = 0;
  readonly #asking: Asking[] = [];
  #isRunning = false;
  #refusal: () => Error = () => new Error("Refused");
  #refusedUntil = 0;
  /** Number taken since the last question. */
  #taken = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** Creates permits without any. `onIdle` is called when they have not been used for a time. */
  constructor(ask: (wanted: Wanted) => Promise<Granted>, onIdle: () => void = () => {}) {
    this.#ask = ask;
    this.#onIdle = onIdle;
  }

  /** Number that may be taken now without a question. */
  get ahead(): number {
    return performance.now() < this.#aheadUntil ? this.#ahead : 0;
  }

  /** Number that the store counts as taken, and that is not. */
  get unused(): number {
    return this.#ahead;
  }

  /** Takes one. Rejects with the refusal if there is none, and with the store's error. */
  async take(): Promise<void> {
    if (this.#asking.length === 0 && this.ahead > 0) {
      this.#ahead -= 1;
      this.#taken += 1;
      return;
    }
    if (performance.now() < this.#refusedUntil) throw this.#refusal();
    await new Promise<void>((resolve, reject) => {
      this.#asking.push({ since: performance.now(), resolve, reject });
      this.#run();
    });
  }

  /** Gives back one that was taken and not used. */
  put(): void {
    this.#ahead += 1;
    this.#taken = Math.max(0, this.#taken - 1);
    this.#arm();
  }

  /** Forgets a refusal, because a limit has changed. */
  retry(): void {
    this.#refusedUntil = 0;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#questions()
      .catch((error: unknown) => {
        for (const { reject } of this.#asking.splice(0)) reject(error);
      })
      .finally(() => {
        this.#isRunning = false;
        if (this.#asking.length > 0) this.#run();
        else this.#arm();
      });
  }

  /** Asks until nobody asks any more, and gives back what was not used in time. */
  async #questions(): Promise<void> {
    for (;;) {
      this.#serve(this.#aheadUntil);
      const gives = performance.now() < this.#aheadUntil ? 0 : this.#ahead;
      this.#ahead -= gives;
      const wants = this.#asking.length;
      const askedAt = performance.now();
      const ahead = wants > 0 || gives > 0 ? this.#pace(wants, askedAt) : 0;
      if (wants === 0 && gives === 0) return;
      this.#askedAt = askedAt;
      this.#taken = 0;
      const { granted, lasts, refusal, again } = await this.#ask({ wants, ahead, gives });
      this.#ahead += granted;
      this.#aheadUntil = askedAt + Math.min(IDLE, lasts);
      this.#serve(askedAt + lasts);
      const [first] = this.#asking;
      if (granted >= wants || first === undefined) continue;
      if (again !== undefined && performance.now() - first.since < PATIENCE) {
        await sleep(again);
        continue;
      }
      this.#refusal = refusal;
      this.#refusedUntil = Math.min(askedAt + lasts, performance.now() + REFUSED_FOR);
      for (const { reject } of this.#asking.splice(0)) reject(refusal());
    }
  }

  #serve(until: number): void {
    while (this.#ahead > 0 && performance.now() < until) {
      const next = this.#asking.shift();
      if (next === undefined) return;
      this.#ahead -= 1;
      this.#taken += 1;
      next.resolve();
    }
  }

  /** Returns how many are likely to be used before the next question. At first none. */
  #pace(wants: number, now: number): number {
    const span = now - this.#askedAt;
    if (span > 2 * IDLE) return 0;
    const each = (this.#taken + wants) / Math.max(SPAN, span);
    return Math.min(MOST_AHEAD, Math.ceil(1.25 * each * IDLE));
  }

  /** Looks again once what is ahead is over, or after a time without any use. */
  #arm(): void {
    if (this.#isRunning) return;
    clearTimeout(this.#timer);
    const wait = this.#ahead > 0 ? this.#aheadUntil - performance.now() : 2 * IDLE;
    this.#timer = setTimeout(
      () => {
        if (this.#ahead > 0) this.#run();
        else this.#onIdle();
      },
      Math.max(0, Math.ceil(wait)) + 1,
    ).unref();
  }
}
