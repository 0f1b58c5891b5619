import type { Store } from "../store/contract/store.ts";

export interface RetentionOptions {
  readonly store: Store;
  /** Days for which executions are kept. */
  readonly days: number;
  /** Days for which administrative changes are kept. Default 365. */
  readonly auditDays?: number | undefined;
  readonly onError: (error: unknown) => void;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Milliseconds for finished jobs: two days, twice as long as callbacks are tried. */
const JOBS = 2 * DAY;
/** Days for which administrative changes are kept. */
const AUDIT_DAYS = 365;
/**
 * Most parts by which executions are kept and deleted. A list of a tenant's executions locks and plans
 * each of them. With a hundred, some such lists at once would use up the database's locks.
 */
const MOST_PARTS = 15;
const TENANTS_AT_ONCE = 100;
/** Days for which details of use are kept: a year and the month before it. */
const DETAILS = { usage: 400, denials: 35 };
/** Least milliseconds between two times, whichever server's. Timers are not exact. */
const EVERY = 0.9 * HOUR;

/**
 * Deletes old records, at once and every hour, on one of the servers that share a store. Answers for `Idempotency-Key`s are kept for a day.
 */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: NodeJS.Timeout | undefined;
  #pruning: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    const prune = (): void => {
      this.#pruning ??= this.#options.store
        .alone("retention", EVERY, () => this.prune())
        .then(() => {})
        .catch(this.#options.onError)
        .finally(() => {
          this.#pruning = undefined;
        });
    };
    this.#timer = setInterval(prune, HOUR);
    this.#timer.unref();
    prune();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pruning;
  }

  /**
   * Does each step though others fail: what keeps one kind of records must not let all others grow.
   * Rejects with the first failure, so that the next server tries again.
   */
  async prune(): Promise<void> {
    const { store, days, auditDays = AUDIT_DAYS, onError } = this.#options;
    const steps: (() => Promise<unknown>)[] = [
      () => store.executions.prepare(Math.ceil(days / MOST_PARTS)),
      () => store.executions.prune(days * DAY),
      () => store.jobs.prune(JOBS),
      () => store.idempotency.prune(DAY),
      () => store.leases.prune(),
      () => store.usage.prune(DETAILS),
      () => store.audit.prune(auditDays * DAY),
      () => this.#pruneTenants(),
      () => store.storage.recount(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    for (const failure of failures.slice(1)) onError(failure);
    if (failures.length > 0) throw failures[0];
  }

  /** Deletes for tenants that keep records for less time than the server. */
  async #pruneTenants(): Promise<void> {
    const { store, days } = this.#options;
    let after: string | undefined;
    for (;;) {
      const tenants = await store.tenants.list({ after, limit: TENANTS_AT_ONCE });
      for (const { id, settings } of tenants) {
        const { retention } = settings;
        if (typeof retention !== "number" || retention >= days) continue;
        await store.executions.prune(retention * DAY, id);
      }
      after = tenants.at(-1)?.id;
      if (tenants.length < TENANTS_AT_ONCE) return;
    }
  }
}
