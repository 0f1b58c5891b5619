import { setImmediate as nextTurn } from "node:timers/promises";
import { Poller } from "../../src/base/poller.ts";
import { MOST_JOBS } from "../jobs/queue.ts";
import type { DueSchedule, Schedules, Served, Serving } from "../store/contract/schedules.ts";
import { StorageFull } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";
import { type ServingOptions, Servings } from "./servings.ts";

export interface SchedulerOptions extends ServingOptions {
  readonly store: Schedules;
  /** Called after jobs were accepted. */
  readonly onAccepted: () => void;
  /** Receives each due time that was served here. */
  readonly onServed: (served: Served) => void;
  readonly onError: (error: unknown) => void;
}

/** Milliseconds between two looks, for schedules that another server has taken and not served. */
const POLL_MS = 10_000;
/** Most due times of one look, and of one statement. */
const BATCH = 500;
const CHUNK = 100;
/** Milliseconds for which a tenant is left out after a failure: until the next look without a wake. */
const FAILED_MS = POLL_MS - 1_000;
/** Most characters of code in one statement, unless its first job alone has more. */
const CODE = 4_194_304;

/**
 * Makes jobs of due schedules. All servers of a store look for them, and the store lets the first one
 * serve a due time. What is due is decided by the store's clock alone.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #servings: Servings;
  readonly #poller: Poller;
  #timer: NodeJS.Timeout | undefined;
  /** Tenants whose due times could not be served, until when they are left out. */
  readonly #failed = new Map<string, number>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#servings = new Servings(options);
    const { onError } = options;
    this.#poller = new Poller({ look: () => this.#look(), every: POLL_MS, onError });
  }

  start(): void {
    this.#poller.start();
  }

  /** Looks for due schedules now, and for the next one. */
  wake(): void {
    this.#poller.wake();
  }

  /** Serves no more schedules. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#poller.stop();
  }

  /** Stops, and resolves once the statement under way is over. */
  async close(): Promise<void> {
    this.stop();
    await this.#poller.close();
  }

  async #look(): Promise<void> {
    const { store, onError, onAccepted } = this.#options;
    const askedAt = performance.now();
    for (const [tenant, until] of this.#failed) if (until < askedAt) this.#failed.delete(tenant);
    const { now, due, nextAt } = await store.due(BATCH, [...this.#failed.keys()]);
    let served = 0;
    const failed = this.#failed.size;
    for (const [tenant, of] of byTenant(due)) {
      if (this.#poller.stopped) break;
      try {
        served += await this.#serve(tenant, of, now);
      } catch (error) {
        // Others go on, also those behind all that this one has due.
        this.#failed.set(tenant, performance.now() + FAILED_MS);
        onError(error);
      }
    }
    if (served > 0) onAccepted();
    if (this.#poller.stopped) return;
    // Where all tenants fail, it waits: the cause may last.
    const isMoving = served > 0 || this.#failed.size > failed;
    if (due.length === BATCH && isMoving) this.wake();
    else if (nextAt !== undefined) this.#wakeIn(nextAt.getTime() - now.getTime(), askedAt);
  }

  /** Looks again after so many milliseconds from `since`, unless the next look is sooner. */
  #wakeIn(milliseconds: number, since: number): void {
    clearTimeout(this.#timer);
    const left = milliseconds - (performance.now() - since);
    if (left > POLL_MS) return;
    this.#timer = setTimeout(() => this.wake(), Math.max(1, left + 1)).unref();
  }

  /** Serves due times of a tenant. Returns their number. */
  async #serve(tenant: string, due: readonly DueSchedule[], now: Date): Promise<number> {
    const caller = await this.#servings.callerOf(tenant);
    let served = 0;
    for (let at = 0; at < due.length && !this.#poller.stopped; at += CHUNK) {
      const servings = await this.#servings.of(due.slice(at, at + CHUNK), caller, now);
      for (const some of inStatements(servings)) {
        served += await this.#write(tenant, some, caller);
        await nextTurn();
      }
    }
    return served;
  }

  async #write(tenant: string, servings: Serving[], caller: Caller | string): Promise<number> {
    const { store, onServed } = this.#options;
    const limit = typeof caller === "string" ? undefined : caller.limits.storage;
    const write = async (some: readonly Serving[]): Promise<number> => {
      const served = await store.serve(tenant, some, MOST_JOBS, limit);
      for (const one of served) onServed(one);
      return served.length;
    };
    try {
      return await write(servings);
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error;
    }
    // Some of them may fit. From the first one that does not, the others are refused together.
    let served = 0;
    for (const [at, one] of servings.entries()) {
      try {
        served += await write([one]);
      } catch (error) {
        if (!(error instanceof StorageFull)) throw error;
        return served + (await write(servings.slice(at).map(refusedFor(error.code))));
      }
    }
    return served;
  }
}

function refusedFor(code: string): (serving: Serving) => Serving {
  return (serving) => ({ ...serving, job: typeof serving.job === "string" ? serving.job : code });
}

/** Divides servings so that no statement has the code of many large jobs. */
function inStatements(servings: readonly Serving[]): Serving[][] {
  const statements: Serving[][] = [];
  let room = 0;
  for (const one of servings) {
    const { code = "" } = typeof one.job === "string" ? {} : one.job.request;
    const size = typeof code === "string" ? code.length : 0;
    const last = statements.at(-1);
    if (last === undefined || size > room) {
      statements.push([one]);
      room = CODE - size;
    } else {
      last.push(one);
      room -= size;
    }
  }
  return statements;
}

function byTenant(due: readonly DueSchedule[]): Map<string, DueSchedule[]> {
  const tenants = new Map<string, DueSchedule[]>();
  for (const one of due) {
    const own = tenants.get(one.tenant) ?? [];
    own.push(one);
    tenants.set(one.tenant, own);
  }
  return tenants;
}
