import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { IsolateError, ShuttingDown } from "../../src/base/errors.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { HttpProblem } from "../errors/problem.ts";
import { type FunctionCatalogue, noSuchFunction, requestOf } from "../functions/catalogue.ts";
import { notInvoked } from "../functions/not-invoked.ts";
import type { Admission } from "../quotas/admission.ts";
import { executionId } from "../runs/execution-id.ts";
import type { DueSchedule, Serving } from "../store/contract/schedules.ts";
import { StorageReserved, StoreUnavailable } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";
import { TenantSuspended } from "../tenants/suspended.ts";
import { Times } from "./cron.ts";

/** Code of a due time in a zone that no server could read. */
const ZONE_UNKNOWN = "TIMEZONE_UNKNOWN";
/** Milliseconds for which a due time in a zone unknown here is left to servers that know it. */
const LEFT_MS = 60_000;
/** Milliseconds until such a schedule is looked at again. */
const AGAIN_MS = 600_000;
const MINUTE_MS = 60_000;
/** Part of a minute that tells such a look from a due time, which is at a whole minute. */
const AGAIN_MARK_MS = 59_977;

/** Due times that are computed before other work gets a turn, some milliseconds of them. */
const AT_ONCE = 20;

export interface ServingOptions {
  readonly kernel: Pick<Kernel, "check">;
  readonly functions: Pick<FunctionCatalogue, "callable">;
  /** Returns `undefined` for a deleted tenant. */
  readonly callerOf: (tenant: string) => Promise<Caller | undefined>;
  readonly admission: Pick<Admission, "checkBudget">;
}

/** Call of a function's current version, or the code of an error for which there is none. */
type Call = { readonly request: ExecuteRequest; readonly version: number } | string;

/** Prepares due times for the store: what is called, with what, and when again. */
export class Servings {
  readonly #options: ServingOptions;

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /**
   * Prepares due times of one tenant. Leaves out those in a zone that this server does not know, since another
   * one may know it. Rejects if the store is away.
   */
  async of(due: readonly DueSchedule[], caller: Caller | string, now: Date): Promise<Serving[]> {
    const calls = new Map<string, Call>();
    const times = new Map<string, Pick<Serving, "latest" | "nextAt"> | undefined>();
    const servings: Serving[] = [];
    for (const one of due) {
      const { function: of, name, cron, timezone, dueAt } = one;
      const call = calls.get(of) ?? (await this.#callOf(caller, of));
      calls.set(of, call);
      const key = `${timezone} ${dueAt.getTime()} ${cron}`;
      if (!times.has(key)) times.set(key, timesOf(one, now));
      const found = times.get(key);
      const put = { function: of, name, dueAt };
      if (found !== undefined) {
        const job = typeof call === "string" ? call : jobOf(call, name, found.latest);
        servings.push({ ...put, ...found, job });
      } else if (now.getTime() - dueAt.getTime() > LEFT_MS) {
        servings.push({ ...put, latest: dueAt, nextAt: laterThan(now), job: ZONE_UNKNOWN });
      }
      if (servings.length % AT_ONCE === 0) await nextTurn();
    }
    return servings;
  }

  /** Finds who calls, or the code of an error for which nothing of that tenant runs. */
  callerOf(tenant: string): Promise<Caller | string> {
    return orCode(async () => {
      const caller = await this.#options.callerOf(tenant);
      if (caller === undefined) return "UNAUTHORIZED";
      // Jobs would add up, and all run at once when it is resumed.
      if (caller.suspended !== undefined) throw new TenantSuspended(caller.suspended);
      await this.#options.admission.checkBudget?.(caller);
      return caller;
    });
  }

  #callOf(caller: Caller | string, of: string): Promise<Call> {
    return orCode(async () => {
      if (typeof caller === "string") return caller;
      const { kernel, functions } = this.#options;
      const { tenant } = caller;
      const found = (await functions.callable(tenant, of)) ?? noSuchFunction(of);
      if (found.kind === "http") throw notInvoked(found);
      const { isBundle, version } = found;
      const { code, ...request } = requestOf(found);
      await kernel.check({ ...request, code }, { tenant, isBundle, deployed: {} });
      // A bundle is kept with its function.
      return { request: (isBundle ? request : { ...request, code }) as ExecuteRequest, version };
    });
  }
}

/** Resolves with the code of an error that only its caller can mend. */
async function orCode<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ShuttingDown || error instanceof StoreUnavailable) throw error;
    if (error instanceof StorageReserved) throw error;
    if (error instanceof IsolateError || error instanceof HttpProblem) return error.code;
    throw error;
  }
}

/** Returns the due time to serve, and the next one. `undefined` if this server cannot read the times. */
function timesOf({ cron, timezone, dueAt }: DueSchedule, now: Date) {
  try {
    const times = new Times(cron, timezone);
    // Takes the last time, because the refusal is recorded, and the store serves no due time twice.
    if (isPutOff(dueAt)) return { latest: times.last(now) ?? dueAt, nextAt: times.next(now) };
    const nextAt = times.next(dueAt);
    if (nextAt === null || nextAt > now) return { latest: dueAt, nextAt };
    return { latest: times.latest(dueAt, now), nextAt: times.next(now) };
  } catch {
    return undefined;
  }
}

/** Makes a time at which a schedule is looked at again, and which is no due time of any. */
function laterThan(now: Date): Date {
  const minutes = Math.floor((now.getTime() + AGAIN_MS) / MINUTE_MS);
  return new Date(minutes * MINUTE_MS + AGAIN_MARK_MS);
}

/** Tests whether a time is that of `laterThan()`. */
export function isPutOff(at: Date): boolean {
  return at.getTime() % MINUTE_MS === AGAIN_MARK_MS;
}

function jobOf({ request, version }: Exclude<Call, string>, name: string, dueAt: Date) {
  return {
    id: executionId(),
    requestId: randomUUID(),
    version,
    request: { ...request },
    context: JSON.stringify({ schedule: name, dueAt }),
  };
}
