import {
  bigint,
  boolean,
  date,
  doublePrecision,
  index,
  integer,
  primaryKey,
  uuid,
} from "drizzle-orm/pg-core";
import { created, instant, schema, text, time } from "./columns.ts";

/**
 * Executions and milliseconds of processor time of each tenant and day in UTC. The statement that
 * records executions adds to it, so it stays when they are deleted.
 */
export const usage = schema.table(
  "usage",
  {
    tenant: text().notNull(),
    day: date({ mode: "string" }).notNull(),
    executions: bigint({ mode: "number" }).notNull().default(0),
    cpu: doublePrecision().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.day] }), index().on(table.day)],
);

/** Use of each tenant, day in UTC, function and outcome. The function is empty for code of a request. */
export const usageDetails = schema.table(
  "usage_details",
  {
    tenant: text().notNull(),
    day: date({ mode: "string" }).notNull(),
    function: text().notNull().default(""),
    outcome: text().notNull(),
    executions: bigint({ mode: "number" }).notNull().default(0),
    /** Milliseconds. */
    cpu: doublePrecision().notNull().default(0),
    wall: doublePrecision().notNull().default(0),
    egressBytes: bigint({ mode: "number" }).notNull().default(0),
    bytesOut: bigint({ mode: "number" }).notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.day, table.function, table.outcome] }),
    index().on(table.day),
  ],
);

/** Refused accesses of each tenant, day in UTC and function, summed up by their subject. */
export const denials = schema.table(
  "denials",
  {
    tenant: text().notNull(),
    day: date({ mode: "string" }).notNull(),
    function: text().notNull().default(""),
    /** Permission, such as `net`. */
    kind: text().notNull(),
    subject: text().notNull(),
    count: bigint({ mode: "number" }).notNull().default(0),
    lastAt: time().notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenant, table.day, table.function, table.kind, table.subject],
    }),
    index().on(table.day),
  ],
);

/**
 * Executions that servers may begin of a budget, or have begun and not recorded yet. Neither this
 * table nor the next two have an index on a time, so that a renewal changes no index.
 */
export const budgetLeases = schema.table(
  "budget_leases",
  {
    tenant: text().notNull(),
    day: date({ mode: "string" }).notNull(),
    node: text().notNull(),
    reserved: integer().notNull().default(0),
    /** Number of them that had not begun at the last statement, and the time by which they are back. */
    ahead: integer().notNull().default(0),
    aheadUntil: instant().notNull(),
    until: instant().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.day, table.node] })],
);

/** Places for executions at once that servers hold, by kind: all executions, or those without a key. */
export const slotLeases = schema.table(
  "slot_leases",
  {
    tenant: text().notNull(),
    kind: text().notNull(),
    node: text().notNull(),
    held: integer().notNull().default(0),
    until: instant().notNull(),
    /** Number that the server needs. It waits for them since then, and says so until then. */
    wanted: integer().notNull().default(0),
    waitsSince: instant(),
    waitsUntil: instant(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.kind, table.node] })],
);

/** Events of each tenant and kind within the window that ends then. */
export const rateWindows = schema.table(
  "rate_windows",
  {
    tenant: text().notNull(),
    kind: text().notNull(),
    ends: instant().notNull(),
    count: integer().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.kind] })],
);

/** Servers that share the store, for people and metrics. Each writes its row every few seconds. */
export const nodes = schema.table("nodes", {
  id: text().primaryKey(),
  address: text().notNull(),
  version: text().notNull(),
  draining: boolean().notNull(),
  /** Most sandboxes at once. */
  capacity: integer().notNull(),
  startedAt: created(),
  /** No index has it, so that an update writes no index entry. */
  seen: created(),
});

/** Servers with a subscriber of a tenant's channels. */
export const channelSubscribers = schema.table(
  "channel_subscribers",
  {
    tenant: text().notNull(),
    node: text().notNull(),
    until: time().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.node] })],
);

/** Messages of channels on their way to other servers that are too large for a notice. */
export const channelMessages = schema.table("channel_messages", {
  id: uuid().primaryKey(),
  text: text().notNull(),
  createdAt: created(),
});

/** Work that one server does for all, and the time at which it was done last. */
export const chores = schema.table("chores", {
  name: text().primaryKey(),
  doneAt: time().notNull(),
});
