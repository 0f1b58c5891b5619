import type { NewJob } from "./jobs.ts";
import type { Page } from "./page.ts";

/** Most due times that are kept of a schedule. */
export const MOST_RUNS = 100;

export interface ScheduleRow {
  readonly tenant: string;
  readonly function: string;
  readonly name: string;
  readonly cron: string;
  readonly timezone: string;
  /** JSON text; null for no input. */
  readonly input: string | null;
  /** Treatment of a due time while the last execution still waits or runs. */
  readonly overlap: "skip" | "queue";
  readonly paused: boolean;
  /** Null while it is paused, and if it is never due again. */
  readonly nextAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/**
 * End of a due time. `accepted`: it is a job. `skipped`: the last one was not over. `missed`: it and
 * those up to the next one here passed while no server ran. `refused`: as the code says.
 */
export type ScheduleOutcome = "accepted" | "skipped" | "missed" | "refused";

export interface ScheduleRunRow {
  readonly dueAt: Date;
  readonly outcome: ScheduleOutcome;
  /** Code of the error for which it was refused. */
  readonly code: string | null;
  /** Id of the execution, if it was accepted. */
  readonly execution: string | null;
}

export interface DueSchedule
  extends Pick<ScheduleRow, "tenant" | "function" | "name" | "cron" | "timezone"> {
  readonly dueAt: Date;
}

/** Due schedules, and the store's time. */
export interface Due {
  readonly now: Date;
  readonly due: readonly DueSchedule[];
  /** Time at which the next one is due after these, if there is one. */
  readonly nextAt: Date | undefined;
}

/** A due time to be served: once, by whichever server comes first. */
export interface Serving extends Pick<ScheduleRow, "function" | "name"> {
  /** Time for which the schedule is known to be due. */
  readonly dueAt: Date;
  /** Latest due time, which is the one that is served. Those before it are missed. */
  readonly latest: Date;
  readonly nextAt: Date | null;
  /** Job to accept, whose input is the schedule's; or the code of an error for which there is none. */
  readonly job: Omit<NewJob, "tenant" | "function" | "callback"> | string;
}

export interface Served
  extends Pick<ScheduleRow, "function" | "name">,
    Pick<ScheduleRunRow, "outcome" | "code"> {}

/** Schedules of functions. All times are the store's, because the servers' clocks may differ. */
export interface Schedules {
  /** Returns the store's time. */
  now(): Promise<Date>;
  /**
   * Adds a schedule or replaces it. One whose times stay the same keeps its next one. Returns the
   * row, and whether it is new.
   *
   * @throws {StoreConflict} If there is no such function.
   * @throws {StorageFull} Beyond the `limit` bytes that the tenant may store, and beyond its schedules.
   */
  put(
    schedule: Omit<ScheduleRow, "createdAt" | "updatedAt">,
    limit?: number,
  ): Promise<{ readonly schedule: ScheduleRow; readonly created: boolean }>;
  get(tenant: string, of: string, name: string): Promise<ScheduleRow | undefined>;
  /** Lists schedules of a function by name. */
  list(tenant: string, of: string, page: Page): Promise<ScheduleRow[]>;
  /** Deletes a schedule. Returns false if there is none. */
  delete(tenant: string, of: string, name: string): Promise<boolean>;
  /** Lists the due times that were served, the newest first. */
  runs(tenant: string, of: string, name: string): Promise<ScheduleRunRow[]>;
  /**
   * Lists up to `limit` due schedules, with those of each tenant in turn. Leaves out the tenants of
   * `except`. Changes nothing.
   */
  due(limit: number, except?: readonly string[]): Promise<Due>;
  /**
   * Serves due times of a tenant, all of them or none. Records them, moves the schedules on, and
   * accepts their jobs while fewer than `most` wait or run. Leaves out those that another server has
   * served or is serving. Returns those that were served here.
   *
   * @throws {StorageFull} If the tenant would store more than `limit` bytes. Nothing is served then.
   */
  serve(
    tenant: string,
    servings: readonly Serving[],
    most: number,
    limit?: number,
  ): Promise<Served[]>;
  /** Returns the milliseconds since which the oldest due time waits to be served; 0 if none does. */
  lag(): Promise<number>;
}
