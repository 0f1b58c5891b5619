import { sql } from "drizzle-orm";
import { boolean, foreignKey, index, primaryKey, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import type { ScheduleOutcome } from "../contract/schedules.ts";
import { created, json, schema, text, time } from "./columns.ts";
import { functions } from "./schema.ts";

/** Schedules of functions, with the time at which each is due next. */
export const schedules = schema.table(
  "schedules",
  {
    tenant: text().notNull(),
    function: text().notNull(),
    name: text().notNull(),
    cron: text().notNull(),
    timezone: text().notNull(),
    input: json(),
    overlap: text().$type<"skip" | "queue">().notNull(),
    paused: boolean().notNull().default(false),
    /** Null while it is paused, and if it is never due again. */
    nextAt: time(),
    createdAt: created(),
    updatedAt: created(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.function, table.name] }),
    foreignKey({
      columns: [table.tenant, table.function],
      foreignColumns: [functions.tenant, functions.name],
    }).onDelete("cascade"),
    index("schedules_due").on(table.nextAt).where(sql`${table.nextAt} is not null`),
  ],
);

/** Due times of schedules that were served, once each, and how. */
export const scheduleRuns = schema.table(
  "schedule_runs",
  {
    tenant: text().notNull(),
    function: text().notNull(),
    schedule: text().notNull(),
    dueAt: time().notNull(),
    outcome: text().$type<ScheduleOutcome>().notNull(),
    /** Code of the error for which it was refused. */
    code: text(),
    /** Id of the execution, if one was accepted. */
    execution: uuid(),
    servedAt: created(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.function, table.schedule, table.dueAt] }),
    foreignKey({
      name: "schedule_runs_schedule",
      columns: [table.tenant, table.function, table.schedule],
      foreignColumns: [schedules.tenant, schedules.function, schedules.name],
    }).onDelete("cascade"),
  ],
);

/** Host names by which functions are served. One is served for the tenant for which it is verified. */
export const hosts = schema.table(
  "hosts",
  {
    name: text().notNull(),
    tenant: text().notNull(),
    /** Function that answers; null if the first part of the path names it. */
    function: text(),
    verifiedAt: time(),
    createdAt: created(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.name] }),
    uniqueIndex("hosts_verified").on(table.name).where(sql`${table.verifiedAt} is not null`),
  ],
);

/** Administrative changes. They stay when their tenant is deleted. */
export const audit = schema.table(
  "audit",
  {
    /** UUID of version 7, so that ids sort by time. */
    id: uuid().primaryKey(),
    at: created(),
    /** `admin`, or `key` and the id of a tenant's key. */
    actor: text().notNull(),
    action: text().notNull(),
    tenant: text(),
    target: text().notNull(),
    detail: json().$type<Readonly<Record<string, unknown>>>().notNull(),
    requestId: text().notNull(),
  },
  (table) => [index().on(table.tenant, table.id), index().on(table.at)],
);
