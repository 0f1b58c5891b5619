import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessState, ProcessView } from "../metering/process-view.ts";
import type { Connection } from "./connection.ts";

/** Milliseconds for each step, and for the end of all workers. */
const WITHIN = 2_000;
/** Milliseconds between two looks at the workers, at first and at most. */
const FIRST_LOOK = 1;
const LAST_LOOK = 20;
const MEGABYTE = 1_048_576;
/** Part of a sandbox's memory by which its process may grow. */
const GROWTH = 0.2;
/** Renewals after which the start of a better sandbox pays. It takes as long as three of them save. */
const WORTH_A_START = 8;

/** Makes one sandbox ready for a further execution of its tenant, or finds that it cannot be. */
export class Renewal {
  readonly #connection: Connection;
  readonly #view: ProcessView | undefined;
  readonly #mayGrow: number;
  readonly #isOutdated: () => boolean;
  #renewals = 0;
  /** State before any code ran. */
  #before: ProcessState | undefined;

  /**
   * Takes a view of the process. If there is none, no worker is known to be gone, and none is reused.
   * `isOutdated` is asked at each renewal whether a new sandbox would take less for an execution.
   */
  constructor(
    connection: Connection,
    view: ProcessView | undefined,
    memory: number,
    isOutdated = () => false,
  ) {
    this.#connection = connection;
    this.#isOutdated = isOutdated;
    this.#view = view;
    this.#mayGrow = memory * MEGABYTE * GROWTH;
  }

  /** Notes the state of the process. Must be called before it runs code that is not ours. */
  begin(): void {
    // A process in which even the warm worker has no thread is not what it seems.
    if (this.#before === undefined && this.#view?.hasWorkers()) this.#before = this.#view.state();
  }

  /**
   * Ends all workers and removes what they left. Returns whether nothing is left for sure. Leaves a
   * sandbox as it is that a better one should follow.
   */
  async renew(): Promise<boolean> {
    const view = this.#view;
    const before = this.#before;
    if (view === undefined || before === undefined) return false;
    this.#renewals += 1;
    if (this.#isOutdated() && this.#renewals > WORTH_A_START) return false;
    await this.#connection.renew("end", WITHIN);
    if (!(await withoutWorkers(view, WITHIN)) || !this.#isSame(before, view.state())) return false;
    await this.#connection.renew("wipe", WITHIN);
    return true;
  }

  /**
   * Waits until no worker is left, and has the artifacts taken then. Returns false if one is. They are
   * taken at once where the process cannot be seen.
   */
  async takeArtifacts(within: number): Promise<boolean> {
    const isSeen = this.#view !== undefined && this.#before !== undefined;
    const ended = !isSeen || (await withoutWorkers(this.#view, within));
    this.#connection.take(ended);
    return ended;
  }

  /** Tells whether code has changed nothing of its process, and has left nothing open. */
  #isSame(before: ProcessState, after: ProcessState | undefined): boolean {
    return (
      before.settings === after?.settings &&
      after.descriptors <= before.descriptors &&
      after.memory - before.memory <= this.#mayGrow
    );
  }
}

async function withoutWorkers(view: ProcessView, within: number): Promise<boolean> {
  const end = performance.now() + within;
  for (let pause = FIRST_LOOK; ; pause = Math.min(2 * pause, LAST_LOOK)) {
    const isAny = view.hasWorkers();
    if (isAny === false) return true;
    if (isAny === undefined || performance.now() > end) return false;
    await sleep(pause);
  }
}
