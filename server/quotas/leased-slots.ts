import type { Leases, SlotKind, SlotLease } from "../store/contract/leases.ts";
import { IDLE, LEASE, MARGIN } from "./lease-times.ts";

/** Use of places in this server. */
export interface SlotUse {
  /** Executions that run or wait. */
  readonly need: number;
  readonly running: number;
  /** Most of all servers together. */
  readonly most: number;
}

export interface LeasedSlotsOptions {
  readonly leases: Pick<Leases, "slots">;
  readonly node: string;
  readonly tenant: string;
  readonly kind: SlotKind;
  /** Resolves once no renewal is under way, which must not meet a question. */
  readonly untilRenewed: () => Promise<void>;
}

/** Milliseconds for which unused places are kept while no other is free. */
const TIGHT_IDLE = 50;
/** Milliseconds between two questions for places that are missing, from first to last. */
const [FIRST_AGAIN, LAST_AGAIN] = [50, 250];
/** Milliseconds after which a server that uses its places looks whether others wait for them. */
const LOOK_AFTER = 1_000;
/** Milliseconds between two questions that fail. */
const FAILED_AGAIN = 1_000;

/** Places of one tenant and kind that this server has leased. */
export class LeasedSlots {
  readonly #options: LeasedSlotsOptions;
  #held = 0;
  /** Time until which they may be used, by this process's clock. */
  #validUntil = 0;
  /** Places to give back when their executions end. */
  #owed = 0;
  #use: SlotUse = { need: 0, running: 0, most: 0 };
  #isAsking = false;
  /** True if the store is to know of places that have gone, or is to be asked who waits. */
  #isToTell = false;
  /** True if no server had a place left at the last answer. */
  #isTight = false;
  #again: NodeJS.Timeout | undefined;
  #pause = FIRST_AGAIN;
  #idle: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  /** Most places needed since unused ones are kept. */
  #peak = 0;
  #isClosed = false;
  /** Number of questions, and number of the last answered one. */
  asked = 0;
  answered = 0;
  /** Error of the last question, if it has failed. */
  failure: { readonly error: unknown } | undefined;
  /** Called after each answer, with the error of a question that failed. */
  onAnswer: (error?: unknown) => void = () => {};

  constructor(options: LeasedSlotsOptions) {
    this.#options = options;
  }

  /** Number of executions that may run here now. */
  get count(): number {
    return this.#isValid ? this.#held - this.#owed : 0;
  }

  /** True if the store had too few a moment ago. */
  get isFull(): boolean {
    return this.#again !== undefined;
  }

  /** True if nothing is left to give back. */
  get isIdle(): boolean {
    return this.#held === 0 && !this.#isAsking && this.#use.need === 0;
  }

  get #isValid(): boolean {
    return performance.now() < this.#validUntil;
  }

  /** Takes note of the use. Asks for places that are missing, and gives back what is not needed. */
  update(use: SlotUse): void {
    this.#use = use;
    this.#peak = Math.max(this.#peak, use.need);
    this.#advance();
  }

  /** Returns what is to be renewed. */
  renewal(): SlotLease | undefined {
    const { tenant, kind } = this.#options;
    if (this.#isAsking || this.#held === 0 || !this.#isValid) return undefined;
    return { tenant, kind, held: this.#held, most: this.#use.most };
  }

  /** Takes the answer to a renewal that was asked for at a time: so many are held. */
  renewed(held: number, askedAt: number): void {
    this.#held = Math.min(this.#held, held);
    this.#owed = Math.min(this.#owed, this.#held);
    this.#validUntil = askedAt + LEASE - MARGIN;
    this.#advance();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    clearTimeout(this.#idle);
    clearTimeout(this.#look);
  }

  #advance(): void {
    if (this.#isAsking || this.#isClosed) return;
    const { need, running } = this.#use;
    if (!this.#isValid) [this.#held, this.#owed] = [0, 0];
    const back = Math.min(this.#owed, this.#held - running);
    if (back > 0) {
      this.#held -= back;
      this.#owed -= back;
      this.#isToTell = true;
    }
    const isMissing = need > this.#held && this.#again === undefined;
    if (isMissing || this.#isToTell) void this.#ask();
    else if (need < this.#held) this.#keepFor(this.#isTight ? TIGHT_IDLE : IDLE);
    else this.#keep();
  }

  /** Keeps unused places for a time. */
  #keepFor(ms: number): void {
    if (this.#idle !== undefined) return;
    this.#peak = this.#use.need;
    this.#idle = setTimeout(() => {
      this.#idle = undefined;
      const keep = Math.max(this.#peak, this.#use.running);
      if (!this.#isAsking && keep < this.#held) {
        this.#held = keep;
        this.#owed = Math.min(this.#owed, keep);
        this.#isToTell = true;
      }
      this.#advance();
      // Its lease was over before, so there is no question.
      if (this.isIdle) this.onAnswer();
    }, ms).unref();
  }

  #keep(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
  }

  async #ask(): Promise<void> {
    const { leases, node, tenant, kind, untilRenewed } = this.#options;
    this.#isAsking = true;
    this.asked += 1;
    const number = this.asked;
    try {
      await untilRenewed();
      const { need, most } = this.#use;
      const askedAt = performance.now();
      const asked = { tenant, kind, held: this.#isValid ? this.#held : 0, most };
      this.#isToTell = false;
      const { held, give, free } = await leases.slots(node, asked, need, LEASE);
      this.failure = undefined;
      this.#held = held;
      this.#owed = Math.min(give, held);
      this.#validUntil = askedAt + LEASE - MARGIN;
      this.#isTight = free === 0;
      this.#lookLater();
      if (need <= held) this.#pause = FIRST_AGAIN;
      else this.#askAgainAfter(this.#nextPause());
    } catch (error) {
      this.failure = { error };
      this.#askAgainAfter(FAILED_AGAIN);
    }
    this.#isAsking = false;
    this.answered = number;
    this.onAnswer(this.failure?.error);
    this.#advance();
  }

  #nextPause(): number {
    const pause = this.#pause;
    this.#pause = Math.min(LAST_AGAIN, 2 * pause);
    // At different times in different servers.
    return pause * (0.75 + Math.random() / 2);
  }

  /** Looks later for others that wait, if there is no place that they could take. */
  #lookLater(): void {
    clearTimeout(this.#look);
    if (!this.#isTight || this.#held === 0 || this.#isClosed) return;
    this.#look = setTimeout(() => {
      this.#isToTell = true;
      this.#advance();
    }, LOOK_AFTER).unref();
  }

  #askAgainAfter(ms: number): void {
    if (this.#isClosed) return;
    this.#again = setTimeout(() => {
      this.#again = undefined;
      this.#advance();
    }, ms).unref();
  }
}
