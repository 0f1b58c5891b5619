import type { Sandbox } from "../contract/contract.ts";
import { BackOff } from "./back-off.ts";
import type { WarmGroup } from "./warm-group.ts";

/** Weight of the newest start in the expected time of the next one. */
const NEWEST = 0.3;
/** Milliseconds that a start is expected to take before there was one. */
const UNKNOWN_START = 400;

/** Reactions of a pool to its starts. */
export interface StartEvents {
  /** Called with each sandbox that has started, before it has a place. */
  onSpawn(sandbox: Sandbox): void;
  /** True while nothing may be added. */
  isHalted(): boolean;
  /** Called when a sandbox has its place. */
  onPlaced(): void;
  /** Ends a sandbox that has no place. */
  retire(sandbox: Sandbox): void;
  /** Called when a start is over, or a pause between two is. */
  onFree(): void;
  onError(error: unknown): void;
}

/** Starts of sandboxes, and pauses after those that fail. */
export class Starts {
  readonly backOff = new BackOff();
  readonly #events: StartEvents;
  readonly #running = new Set<Promise<void>>();
  readonly #killed = new WeakSet<Sandbox>();
  #expected = UNKNOWN_START;

  constructor(events: StartEvents) {
    this.#events = events;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Milliseconds that a start takes, by the last ones. */
  get expected(): number {
    return this.#expected;
  }

  /** Puts a sandbox in its group once it has started. */
  follow(start: Promise<Sandbox>, group: WarmGroup): void {
    group.starting += 1;
    const begun = performance.now();
    // Counted no longer once it has a place, where it is counted, too.
    const over = (): void => {
      group.starting -= 1;
      this.#running.delete(settled);
    };
    const launch = start.then(
      (sandbox) => {
        over();
        this.#expected += NEWEST * (performance.now() - begun - this.#expected);
        this.#events.onSpawn(sandbox);
        this.#place(sandbox, group);
      },
      (error: unknown) => {
        over();
        this.#failed(error, group);
      },
    );
    const settled = launch.finally(() => this.#events.onFree());
    this.#running.add(settled);
  }

  /** Refuses a place to a sandbox that is killed before it has one. */
  kill(sandbox: Sandbox): void {
    this.#killed.add(sandbox);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #place(sandbox: Sandbox, group: WarmGroup): void {
    // A listener may have killed it before it has a place.
    const isKilled = this.#killed.has(sandbox);
    if (this.#events.isHalted() || isKilled || !group.put(sandbox)) {
      this.#events.retire(sandbox);
      if (isKilled) this.#failed(new Error(`Sandbox ${sandbox.id} was killed`), group);
      return;
    }
    this.backOff.reset();
    void sandbox.closed.then(() => {
      if (!group.take(sandbox)) return;
      this.#events.retire(sandbox);
      this.#failed(new Error(`Sandbox ${sandbox.id} ended while it was idle`), group);
    });
    this.#events.onPlaced();
  }

  /** Delays the next start. Starts that go on failing are reported to the waiters concerned. */
  #failed(error: unknown, group: WarmGroup): void {
    this.#events.onError(error);
    if (this.#events.isHalted()) return;
    const isOwn = group.fail(error, this.backOff.fail(error));
    if (!isOwn) this.backOff.pause(() => this.#events.onFree());
  }
}
