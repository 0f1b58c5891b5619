import type { WorkerGrant } from "../../protocol/grants.ts";

/** Milliseconds for which the last permissions are expected again. */
const RECENT = 60_000;

/** Remembers the last job's permissions, because the next job probably has the same ones. */
export class RecentGrants {
  #last: WorkerGrant | undefined;
  #at = 0;

  note(worker: WorkerGrant | undefined): void {
    if (worker === undefined) return;
    this.#last = worker;
    this.#at = Date.now();
  }

  /** Permissions to prepare a new sandbox for, if any. */
  get expected(): WorkerGrant | undefined {
    return Date.now() - this.#at < RECENT ? this.#last : undefined;
  }
}
