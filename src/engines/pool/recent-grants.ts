import type { WorkerGrant } from "../../protocol/grants.ts";

/** Milliseconds for which what was granted last is expected again. */
const RECENT = 60_000;

/** What jobs were granted last: the next one is likely to be granted the same. */
export class RecentGrants {
  #last: WorkerGrant | undefined;
  #at = 0;

  note(worker: WorkerGrant | undefined): void {
    if (worker === undefined) return;
    this.#last = worker;
    this.#at = Date.now();
  }

  /** What to prepare a new sandbox for, if for anything. */
  get expected(): WorkerGrant | undefined {
    return Date.now() - this.#at < RECENT ? this.#last : undefined;
  }
}
