import type { ConfinedProcess } from "./process.ts";

/** Milliseconds a process waits for its owner's next question, and one without an owner for anybody's. */
const KEPT_FOR = 10_000;
const AHEAD_FOR = 60_000;
/** Milliseconds of work after which a process is not kept: its time and memory are bounded as a whole. */
const WORN_AFTER = 2_000;
/** Bytes after which it is not: what WebAssembly has taken of its memory is never given back. */
const FULL_AFTER = 262_144;
/** Milliseconds, longer than any start. */
const HELD = 60_000;

type Start = (isWaitedFor: boolean) => Promise<ConfinedProcess>;

interface IdleProcess {
  readonly one: ConfinedProcess;
  readonly timer: NodeJS.Timeout;
}

/** The idle processes of one program: those of an owner each, and one that is nobody's yet. */
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

  /** Takes back what was taken, to keep or to end it. */
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
    // Nothing else keeps this process of Node from ending before the other one is ready.
    const hold = setTimeout(() => {}, HELD);
    const one = await ahead?.catch(() => undefined);
    clearTimeout(hold);
    return one === undefined || one.ended ? this.#start(true) : one;
  }

  /** While it is in use; ends the one that nobody has come for. */
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
