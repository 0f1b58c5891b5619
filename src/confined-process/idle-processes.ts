import type { ConfinedProcess } from "./process.ts";

/**
 * Milliseconds that a process waits for its owner's next question, and a fresh one for any owner.
 */
const KEPT_FOR = 10_000;
const AHEAD_FOR = 60_000;
/** Milliseconds of work after which a process ends, so that its time and memory stay bounded. */
const WORN_AFTER = 2_000;
/** Bytes of input after which it is ended, because WebAssembly never returns memory. */
const FULL_AFTER = 262_144;
/** Milliseconds of a timer, longer than any start. */
const HELD = 60_000;

type Start = (isWaitedFor: boolean) => Promise<ConfinedProcess>;

interface IdleProcess {
  readonly one: ConfinedProcess;
  readonly timer: NodeJS.Timeout;
}

/** Idle processes of one program: at most one for each owner, and a fresh one for any owner. */
export class IdleProcesses {
  readonly #most: number;
  readonly #start: Start;
  readonly #kept = new Map<string, IdleProcess>();
  #ahead: Promise<ConfinedProcess> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ atOnce }: { readonly atOnce: number }, start: Start) {
    this.#most = atOnce;
    this.#start = start;
  }

  async take(owner: string): Promise<ConfinedProcess> {
    const own = this.#remove(owner);
    const one = own === undefined || own.ended ? await this.#takeAhead() : own;
    one.waitedFor = true;
    return one;
  }

  /** Takes a process back, to keep it or to end it. */
  put(owner: string, one: ConfinedProcess): void {
    this.#makeAhead();
    if (one.ended || isWorn(one) || this.#kept.has(owner)) {
      one.kill();
      return;
    }
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= this.#most) this.#remove(oldest)?.kill();
    one.waitedFor = false;
    const timer = setTimeout(() => this.#remove(owner)?.kill(), KEPT_FOR).unref();
    this.#kept.set(owner, { one, timer });
  }

  #remove(owner: string): ConfinedProcess | undefined {
    const kept = this.#kept.get(owner);
    clearTimeout(kept?.timer);
    this.#kept.delete(owner);
    return kept?.one;
  }

  async #takeAhead(): Promise<ConfinedProcess> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    clearTimeout(this.#timer);
    // Without this timer, Node could exit before the other process is ready.
    const hold = setTimeout(() => {}, HELD);
    const one = await ahead?.catch(() => undefined);
    clearTimeout(hold);
    return one === undefined || one.ended ? this.#start(true) : one;
  }

  /**
   * Keeps a fresh process ready while the program is in use. Ends it if it is not needed in time.
   */
  #makeAhead(): void {
    clearTimeout(this.#timer);
    const ahead = this.#ahead ?? this.#start(false);
    this.#ahead = ahead;
    ahead.catch(() => {});
    this.#timer = setTimeout(() => {
      this.#ahead = undefined;
      ahead.then((one) => one.kill()).catch(() => {});
    }, AHEAD_FOR).unref();
  }
}

function isWorn({ worked, given }: ConfinedProcess): boolean {
  return worked > WORN_AFTER || given > FULL_AFTER;
}
