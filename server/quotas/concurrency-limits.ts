import { Aborted } from "../../src/base/errors.ts";
import { QuotaExceeded } from "../errors/quota-error.ts";
import type { TenantLimits } from "../tenants/limits.ts";
import type { LeasedSlots } from "./leased-slots.ts";

type Bounds = Pick<TenantLimits, "concurrency" | "queue">;

/** Milliseconds after which a new attempt may succeed. */
const RETRY_AFTER = 1_000;

/** Options of a request for a place. */
export interface WaitingExecution {
  /** True if it may wait for others to end. */
  readonly wait: boolean;
  /** True if the request came without a key of the tenant. */
  readonly isAnonymous?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Places that are shared with other servers: for all executions, and for those without a key. */
export interface LeasedPlaces {
  readonly all: LeasedSlots;
  readonly anonymous: LeasedSlots;
}

/** An execution without a place. */
interface Waiting {
  readonly isAnonymous: boolean;
  readonly go: () => void;
  readonly refuse: (error: unknown) => void;
  /** Decides whether it waits for others to end, or else makes its refusal. */
  readonly stay: () => Error | undefined;
  /**
   * Numbers of the last questions about shared places when it came: later ones are for it, too. Absent once
   * it waits for others to end.
   */
  asked: { readonly all: number; readonly anonymous: number } | undefined;
  /**
   * True if it needs a place among all executions. One without a key needs its place among those first.
   * With both questions at once, one server could get the places of one kind, and another the rest.
   */
  needsPlace: boolean;
}

/**
 * Counts one tenant's concurrent executions, and queues those that wait for a place, in order.
 * Executions without a key get at most half of the places in each, because anyone can request them.
 */
export class ConcurrencyLimits {
  readonly #patience: number;
  readonly #leased: LeasedPlaces | undefined;
  #running = 0;
  /** Number of running executions without a key. */
  #anonymous = 0;
  #concurrency = 0;
  readonly #waiting = new Set<Waiting>();

  /**
   * Creates the limits. An execution waits at most `patience` milliseconds for others to end. Without
   * `leased`, no other server has places.
   */
  constructor(patience: number, leased?: LeasedPlaces, onIdle: () => void = () => {}) {
    this.#patience = patience;
    this.#leased = leased;
    for (const kind of ["all", "anonymous"] as const) {
      const slots = leased?.[kind];
      if (slots === undefined) continue;
      slots.onAnswer = (error) => {
        this.#answered(slots, kind, error);
        if (this.idle) onIdle();
      };
    }
  }

  get idle(): boolean {
    if (this.#running > 0 || this.#waiting.size > 0) return false;
    return this.#leased === undefined || (this.#leased.all.isIdle && this.#leased.anonymous.isIdle);
  }

  /** Throws the error with which `take` would reject at once. */
  check(bounds: Bounds, asking: WaitingExecution): void {
    const { concurrency } = bounds;
    const { isAnonymous = false } = asking;
    if (this.#hasPlace(concurrency, isAnonymous) || this.#mayAsk(concurrency, isAnonymous)) return;
    const failure = this.#leased?.all.failure ?? (isAnonymous && this.#leased?.anonymous.failure);
    if (failure) throw failure.error;
    const refusal = this.#refusal(bounds, asking);
    if (refusal !== undefined) throw refusal;
  }

  /** Makes the refusal of an execution that cannot even wait. */
  #refusal(
    { queue }: Bounds,
    { wait, isAnonymous = false }: WaitingExecution,
  ): QuotaExceeded | undefined {
    const staying = [...this.#waiting].filter(({ asked }) => asked === undefined);
    const waiting = staying.filter((each) => each.isAnonymous).length;
    const isOver = isAnonymous && waiting >= halfOf(queue);
    if (wait && staying.length < queue && !isOver) return undefined;
    return this.#full(
      isAnonymous
        ? `${this.#anonymous} executions of callers without a key run, and ${waiting} wait`
        : `${this.#running} of its executions run, and ${staying.length} wait`,
    );
  }

  #hasPlace(concurrency: number, isAnonymous: boolean): boolean {
    // A lease is only of a number of places.
    const leased = Number.isFinite(concurrency) ? this.#leased : undefined;
    if (this.#running >= Math.min(concurrency, leased?.all.count ?? concurrency)) return false;
    if (!isAnonymous) return true;
    const half = halfOf(concurrency);
    return this.#anonymous < Math.min(half, leased?.anonymous.count ?? half);
  }

  /** Tests whether the store may have a place for one more. */
  #mayAsk(concurrency: number, isAnonymous: boolean): boolean {
    if (this.#leased === undefined || !Number.isFinite(concurrency)) return false;
    const { all, anonymous } = this.#leased;
    const asking = [...this.#waiting].filter(({ asked }) => asked !== undefined);
    const hasRoom = this.#running + asking.length < concurrency;
    if (!isAnonymous) return hasRoom && !all.isFull;
    const without = asking.filter((each) => each.isAnonymous).length;
    return (
      hasRoom && !all.isFull && !anonymous.isFull && this.#anonymous + without < halfOf(concurrency)
    );
  }

  #full(message: string): QuotaExceeded {
    return new QuotaExceeded(
      "CONCURRENCY_LIMIT",
      `The tenant has no room: ${message}`,
      RETRY_AFTER,
    );
  }

  /** Resolves as soon as one more execution may run. Each place must be given back. */
  async take(bounds: Bounds, asking: WaitingExecution): Promise<void> {
    const { isAnonymous = false, signal } = asking;
    this.check(bounds, asking);
    if (signal?.aborted) throw new Aborted();
    // Updated to the latest limit, because an operator may change it while executions wait.
    this.#concurrency = bounds.concurrency;
    this.#advance();
    if (this.#hasPlace(bounds.concurrency, isAnonymous)) {
      this.#begin(isAnonymous);
      this.#tell();
      return;
    }
    const { all, anonymous } = this.#leased ?? {};
    const isAsking = this.#mayAsk(bounds.concurrency, isAnonymous);
    const asked = isAsking ? { all: all?.asked ?? 0, anonymous: anonymous?.asked ?? 0 } : undefined;
    await new Promise<void>((resolve, reject) => {
      const settled = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
        this.#waiting.delete(waiting);
      };
      const refuse = (error: unknown): void => {
        settled();
        reject(error);
      };
      const leave = (): void => {
        refuse(new Aborted());
        this.#tell();
      };
      const timer = setTimeout(() => {
        refuse(this.#full(`for ${this.#patience} ms none has ended`));
        this.#tell();
      }, this.#patience);
      const go = (): void => {
        settled();
        resolve();
      };
      const stay = (): Error | undefined => this.#refusal(bounds, asking);
      const needsPlace = !isAnonymous;
      const waiting: Waiting = { isAnonymous, go, refuse, stay, asked, needsPlace };
      this.#waiting.add(waiting);
      signal?.addEventListener("abort", leave, { once: true });
      this.#tell();
    });
  }

  /** Gives a place back. `isAnonymous` must be as it was in `take`. */
  give(isAnonymous = false): void {
    this.#running -= 1;
    if (isAnonymous) this.#anonymous -= 1;
    this.#advance();
    this.#tell();
  }

  #begin(isAnonymous: boolean): void {
    this.#running += 1;
    if (isAnonymous) this.#anonymous += 1;
  }

  #advance(): void {
    for (const { go, isAnonymous } of this.#waiting) {
      if (!this.#hasPlace(this.#concurrency, isAnonymous)) continue;
      this.#begin(isAnonymous);
      go();
    }
  }

  /** Tells the shared places how many are in use. */
  #tell(): void {
    if (this.#leased === undefined || !Number.isFinite(this.#concurrency)) return;
    const { all, anonymous } = this.#leased;
    const [running, most] = [this.#running, this.#concurrency];
    const without = this.#shareAnonymous(anonymous.count, all.asked);
    const needing = [...this.#waiting].filter(({ needsPlace }) => needsPlace).length;
    all.update({ need: Math.min(running + needing, most), running, most });
    const half = halfOf(most);
    const need = Math.min(this.#anonymous + without, half);
    anonymous.update({ need, running: this.#anonymous, most: half });
  }

  /**
   * Has the first of those without a key need a place among all executions, as many as there are places
   * without a key. Returns how many of them wait. `asked` is the number of the last question about all.
   */
  #shareAnonymous(places: number, asked: number): number {
    const waiting = [...this.#waiting].filter(({ isAnonymous }) => isAnonymous);
    for (const [index, each] of waiting.entries()) {
      const needsPlace = index < places - this.#anonymous;
      // Earlier questions were not for it.
      if (needsPlace && !each.needsPlace && each.asked) each.asked = { ...each.asked, all: asked };
      each.needsPlace = needsPlace;
    }
    return waiting.length;
  }

  /** Has executions begin after an answer about shared places. Those that got none wait, or are refused. */
  #answered(slots: LeasedSlots, kind: keyof LeasedPlaces, error: unknown): void {
    this.#advance();
    let free = slots.count - (kind === "all" ? this.#running : this.#anonymous);
    for (const waiting of this.#waiting) {
      const { asked, isAnonymous, needsPlace, refuse, stay } = waiting;
      if (kind === "all" ? !needsPlace : !isAnonymous) continue;
      free -= 1;
      if (free >= 0 || asked === undefined || slots.answered <= asked[kind]) continue;
      // Until here it counts as one that asks, and not as one that waits.
      const refusal = error ?? stay();
      if (refusal === undefined) waiting.asked = undefined;
      else refuse(refusal);
    }
    this.#tell();
  }
}

function halfOf(places: number): number {
  return Math.max(1, Math.floor(places / 2));
}
