import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  doublePrecision,
  foreignKey,
  index,
  integer,
  primaryKey,
  smallint,
  uuid,
} from "drizzle-orm/pg-core";
import type { Freshness } from "../../../src/base/usage.ts";
import type { Lock } from "../../../src/packages/types.ts";
import type { BundledType } from "../../../src/resourcex/types/type.ts";
import type { KeyRow } from "../contract/keys.ts";
import { answer, bytes, created, json, schema, text, time } from "./columns.ts";

export const tenants = schema.table(
  "tenants",
  {
    id: text().primaryKey(),
    settings: json().$type<Readonly<Record<string, unknown>>>().notNull(),
    secrets: text(),
    /** Number of the changes of its settings, which the next one may state. */
    revision: integer().notNull().default(1),
    /** Time since which it is suspended, and why; null if it is not. */
    suspendedAt: time(),
    suspendedReason: text(),
    createdAt: created(),
    updatedAt: created(),
  },
  (table) => [index("tenants_suspended").on(table.id).where(sql`${table.suspendedAt} is not null`)],
);

export const keys = schema.table(
  "keys",
  {
    id: text().primaryKey(),
    tenant: text()
      .notNull()
      .references(() => tenants.id, { onDelete: "cascade" }),
    label: text().notNull(),
    hash: text().$type<KeyRow["hash"]>().notNull(),
    /** Scopes of the key; null for all. */
    scopes: json().$type<readonly string[]>(),
    expiresAt: time(),
    createdAt: created(),
  },
  (table) => [index().on(table.tenant)],
);

/** Last use of each key. A table of its own, because a change of a key notifies all servers. */
export const keyUses = schema.table("key_uses", {
  key: text()
    .primaryKey()
    .references(() => keys.id, { onDelete: "cascade" }),
  usedAt: time().notNull(),
});

/** Secrets of tenants, each sealed with the server's secret key. */
export const secrets = schema.table(
  "secrets",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    /** Number of the times that it was written. */
    version: integer().notNull().default(1),
    sealed: text().notNull(),
    createdAt: created(),
    updatedAt: created(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
);

/** Deployed functions. A single-user host's tenant has no row, so no foreign key leads there. */
export const functions = schema.table(
  "functions",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    current: integer().notNull(),
    latest: integer().notNull(),
    kind: text().$type<"value" | "http">().notNull(),
    createdAt: created(),
    updatedAt: created(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
);

export const versions = schema.table(
  "function_versions",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    kind: text().$type<"value" | "http">().notNull(),
    files: json().$type<Readonly<Record<string, string>>>().notNull(),
    main: text().notNull(),
    code: json().$type<string>().notNull(),
    sourceMap: text(),
    /** Lock of its packages as JSON text. It is parsed only where it is shown. */
    lock: text(),
    lockHash: text(),
    request: json().$type<Readonly<Record<string, unknown>>>().notNull(),
    public: boolean().notNull(),
    createdAt: created(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.name, table.version] }),
    foreignKey({
      columns: [table.tenant, table.name],
      foreignColumns: [functions.tenant, functions.name],
    }).onDelete("cascade"),
  ],
);

export const executions = schema.table(
  "executions",
  {
    id: uuid().primaryKey(),
    tenant: text().notNull(),
    requestId: text().notNull(),
    via: text().notNull(),
    function: text(),
    version: integer(),
    level: text().notNull(),
    tools: json().$type<readonly string[]>().notNull(),
    permissions: json().notNull(),
    outcome: text().notNull(),
    error: text(),
    startedAt: time().notNull(),
    duration: doublePrecision().notNull(),
    /** Usage. All of its columns are null if it is unknown, and `queued` in older rows. */
    wall: doublePrecision(),
    queued: doublePrecision(),
    cpu: doublePrecision(),
    peakMemory: bigint({ mode: "number" }),
    bytesOut: bigint({ mode: "number" }),
    egressBytes: bigint({ mode: "number" }),
    channelDropped: bigint({ mode: "number" }),
    /** Null in older rows, and where nothing has run. */
    fresh: text().$type<Freshness>(),
  },
  (table) => [
    index().on(table.tenant, table.id),
    index().on(table.tenant, table.function, table.id),
    index().on(table.tenant, table.startedAt),
    index().on(table.startedAt),
  ],
);

/**
 * Log entries of executions that have some. A table of its own, so that the history is listed and
 * counted without them, and the oldest are dropped without their executions.
 */
export const executionLogs = schema.table(
  "execution_logs",
  {
    /** Id of the execution. No foreign key, which would check each deleted row alone. */
    id: uuid().primaryKey(),
    tenant: text().notNull(),
    function: text(),
    version: integer(),
    startedAt: time().notNull(),
    server: text().notNull(),
    level: smallint().notNull(),
    dropped: integer().notNull(),
    /** JSON text, which is never parsed here. */
    entries: text().notNull(),
    recordedAt: created(),
  },
  (table) => [
    index().on(table.tenant, table.id),
    index().on(table.tenant, table.function, table.id).where(sql`${table.function} is not null`),
    index()
      .on(table.tenant, table.function, table.recordedAt)
      .where(sql`${table.function} is not null`),
  ],
);

export const jobs = schema.table(
  "jobs",
  {
    id: uuid().primaryKey(),
    tenant: text().notNull(),
    requestId: text().notNull(),
    request: json().$type<Readonly<Record<string, unknown>>>().notNull(),
    function: text(),
    version: integer(),
    callback: text(),
    /** Argument of its entry after the input, as JSON text; null for none. */
    context: text(),
    state: text().$type<"queued" | "running" | "done" | "cancelled">().notNull().default("queued"),
    attempts: integer().notNull().default(0),
    answer: answer(),
    notify: boolean().notNull().default(false),
    acceptedAt: created(),
    finishedAt: time(),
    owner: text(),
    /** End of the claim, by the database's clock. */
    claimedUntil: time(),
    notifyAt: time(),
    /** Id of the server that sends the answer. */
    notifier: text(),
    /** Number of attempts to send the answer. */
    tries: integer().notNull().default(0),
  },
  (table) => [
    index("jobs_pending").on(table.tenant, table.id).where(sql`${table.finishedAt} is null`),
    index("jobs_waiting")
      .on(table.tenant, table.id)
      .where(sql`${table.finishedAt} is null and ${table.claimedUntil} is null`),
    index("jobs_claimed")
      .on(table.claimedUntil)
      .where(sql`${table.finishedAt} is null and ${table.claimedUntil} is not null`),
    index("jobs_held")
      .on(table.tenant, table.claimedUntil)
      .where(sql`${table.finishedAt} is null and ${table.claimedUntil} is not null`),
    index("jobs_running")
      .on(table.tenant, table.claimedUntil)
      .where(sql`${table.state} = 'running'`),
    index("jobs_callbacks").on(table.tenant, table.notifyAt).where(sql`${table.notify}`),
    index("jobs_finished").on(table.finishedAt),
    index("jobs_tenant").on(table.tenant),
  ],
);

export const idempotency = schema.table(
  "idempotency",
  {
    tenant: text().notNull(),
    key: text().notNull(),
    fingerprint: text().notNull(),
    until: time().notNull(),
    /** Answer; null while the request is running. */
    answer: json().$type<{ status: number; contentType: string; body: string }>(),
    createdAt: created(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.key] }), index().on(table.createdAt)],
);

/** Owners of the domains of resources. */
export const domains = schema.table(
  "domains",
  {
    domain: text().primaryKey(),
    tenant: text().notNull(),
    createdAt: created(),
  },
  (table) => [index().on(table.tenant)],
);

export const resources = schema.table(
  "resources",
  {
    /** Full locator, including the version. */
    locator: text().primaryKey(),
    domain: text()
      .notNull()
      .references(() => domains.domain, { onDelete: "cascade" }),
    /**
     * Tenant of the domain. Copied here, so that one statement deletes a tenant's resources
     * together with their count.
     */
    tenant: text().notNull().default(""),
    /** Searched text: the locator in lower case, without the version. */
    search: text().notNull().default(""),
    manifest: json().$type<object>().notNull(),
    archive: bytes().notNull(),
    updatedAt: created(),
  },
  (table) => [index().on(table.domain), index().on(table.tenant)],
);

export const types = schema.table(
  "types",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    /** The type without its code. */
    described: json().$type<Omit<BundledType, "code">>().notNull(),
    code: json().$type<string>().notNull(),
    createdAt: created(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
);

/** Names of types, including aliases. */
export const typeNames = schema.table(
  "type_names",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    type: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.name] }),
    foreignKey({
      columns: [table.tenant, table.type],
      foreignColumns: [types.tenant, types.name],
    }).onDelete("cascade"),
  ],
);

/** Prepared sets of packages. Those of the operator have an empty tenant. */
export const packageSets = schema.table(
  "package_sets",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    /** Lock of the packages, which has the request that it was made of. */
    lock: json().$type<Lock>().notNull(),
    createdAt: created(),
    updatedAt: created(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
);

/**
 * Bytes and rows of each tenant by kind; the kind `""` is the sum. Triggers (migration
 * `storage_triggers`) count them by the generated column `size` of the tables above. They refuse
 * whatever exceeds `most`, within the same statement.
 */
export const storage = schema.table(
  "storage",
  {
    tenant: text().notNull(),
    kind: text().notNull(),
    bytes: bigint({ mode: "number" }).notNull().default(0),
    count: bigint({ mode: "number" }).notNull().default(0),
    /** Most bytes of all kinds, or most rows of one kind; null for no limit. */
    most: bigint({ mode: "number" }),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.kind] })],
);
