import { setImmediate as nextTurn } from "node:timers/promises";
import { PayloadTooLarge } from "../../src/base/errors.ts";
import { exactJson } from "../../src/base/exact-json.ts";
import { JsonText } from "../../src/base/json-text.ts";
import type { ScheduleBody } from "../../src/contract/schedules.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { HttpProblem } from "../errors/problem.ts";
import { type FunctionCatalogue, noSuchFunction, requestOf } from "../functions/catalogue.ts";
import { notInvoked } from "../functions/not-invoked.ts";
import type { Page } from "../store/contract/page.ts";
import type { ScheduleRow, ScheduleRunRow, Schedules } from "../store/contract/schedules.ts";
import { MOST_ROWS } from "../store/contract/storage.ts";
import { isOneTooMany, StoreConflict } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";
import { readTimes, Times } from "./cron.ts";
import { isPutOff } from "./servings.ts";

/** Most bytes of an input, which each of its jobs holds. */
const MAX_INPUT = 65_536;
/** Number of coming times that are shown. */
const SHOWN = 5;
/** Schedules whose times are computed before other work gets a turn. */
const AT_ONCE = 5;

export interface FunctionSchedulesOptions {
  readonly store: Schedules;
  readonly functions: FunctionCatalogue;
  readonly kernel: Pick<Kernel, "check">;
  /** Called after a change, which may have made a schedule due sooner. */
  readonly onChanged: () => void;
}

/** A schedule, and the next times at which it is due; none while it is paused. */
export interface ShownSchedule {
  readonly schedule: ScheduleRow;
  readonly next: readonly Date[];
}

/** Schedules of deployed functions, as their tenants set them. */
export class FunctionSchedules {
  readonly #options: FunctionSchedulesOptions;

  constructor(options: FunctionSchedulesOptions) {
    this.#options = options;
  }

  /** Adds a schedule or replaces it. Rejects if the function could not be called so. */
  async put(
    caller: Caller,
    of: string,
    name: string,
    body: ScheduleBody,
  ): Promise<ShownSchedule & { readonly created: boolean }> {
    const { store, onChanged } = this.#options;
    const { tenant, limits } = caller;
    const { cron, timezone, overlap, paused } = body;
    const now = await store.now();
    const times = readTimes(cron, timezone, now);
    const input = await this.#inputOf(caller, of, body);
    const nextAt = paused ? null : times.next(now);
    const row = { tenant: tenant.id, function: of, name, cron: cron.trim(), timezone, input };
    const { schedule, created } = await store
      .put({ ...row, overlap, paused, nextAt }, limits.storage)
      .catch((error: unknown) => {
        if (error instanceof StoreConflict) return noSuchFunction(of);
        throw isOneTooMany(error, "schedules") ? tooMany() : error;
      });
    onChanged();
    return { schedule, created, next: nextOf(schedule, now) };
  }

  async get({ tenant }: Caller, of: string, name: string): Promise<ShownSchedule> {
    const { store } = this.#options;
    const found = await store.get(tenant.id, of, name);
    if (found === undefined) throw await this.#missing(tenant.id, of, name);
    return { schedule: found, next: nextOf(found, await store.now()) };
  }

  /** Lists schedules of a function by name. */
  async list({ tenant }: Caller, of: string, page: Page): Promise<ShownSchedule[]> {
    const { store, functions } = this.#options;
    await functions.get(tenant.id, of);
    const found = await store.list(tenant.id, of, page);
    const now = await store.now();
    const shown: ShownSchedule[] = [];
    for (const schedule of found) {
      shown.push({ schedule, next: nextOf(schedule, now) });
      // Rare times take a millisecond or more each.
      if (shown.length % AT_ONCE === 0) await nextTurn();
    }
    return shown;
  }

  async delete({ tenant }: Caller, of: string, name: string): Promise<void> {
    const existed = await this.#options.store.delete(tenant.id, of, name);
    if (!existed) throw await this.#missing(tenant.id, of, name);
  }

  /** Lists the due times that were served, the newest first. */
  async runs({ tenant }: Caller, of: string, name: string): Promise<ScheduleRunRow[]> {
    const { store } = this.#options;
    const found = await store.runs(tenant.id, of, name);
    if (found.length > 0) return found;
    if ((await store.get(tenant.id, of, name)) === undefined) {
      throw await this.#missing(tenant.id, of, name);
    }
    return [];
  }

  /** Checks that the function can be called with the input. Returns the input as it is kept. */
  async #inputOf({ tenant }: Caller, of: string, body: ScheduleBody): Promise<string | null> {
    const { functions, kernel } = this.#options;
    const found = (await functions.callable(tenant, of)) ?? noSuchFunction(of);
    if (found.kind === "http") throw notInvoked(found);
    const given = "input" in body && body.input !== undefined ? { input: body.input } : {};
    const { isBundle } = found;
    await kernel.check({ ...requestOf(found), ...given }, { tenant, isBundle, deployed: {} });
    if (!("input" in given)) return null;
    const text = given.input instanceof JsonText ? given.input.text : exactJson(given.input);
    const bytes = Buffer.byteLength(text);
    if (bytes <= MAX_INPUT) return text;
    const message = `input: ${bytes} bytes are more than the ${MAX_INPUT} of a schedule's input`;
    throw new PayloadTooLarge("input", message);
  }

  async #missing(tenant: string, of: string, name: string): Promise<HttpProblem> {
    await this.#options.functions.get(tenant, of);
    const message = `"${of}" has no schedule "${name}"; GET /functions/${of}/schedules lists those there are`;
    return new HttpProblem(404, "NotFound", "SCHEDULE_NOT_FOUND", message);
  }
}

/**
 * Lists the next times, from the one that the store waits for. That is a late one after the store's clock has
 * been set back. A server that does not know the zone lists none.
 */
function nextOf({ cron, timezone, nextAt }: ScheduleRow, now: Date): readonly Date[] {
  if (nextAt === null) return [];
  try {
    const times = new Times(cron, timezone);
    if (nextAt <= now || isPutOff(nextAt)) return times.following(now, SHOWN);
    return [nextAt, ...times.following(nextAt, SHOWN - 1)];
  } catch {
    return [];
  }
}

function tooMany(): HttpProblem {
  const message = `There are ${MOST_ROWS.schedules} schedules; delete one first`;
  return new HttpProblem(409, "Conflict", "SCHEDULES_LIMIT", message);
}
