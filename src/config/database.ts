import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { formatDatabaseHost, parseDatabaseUrl } from "../database/database-url.ts";
import { parseEntry } from "../destinations/host-entry.ts";
import type { ToolPermissions } from "../permissions/tool-permissions.ts";
import type { DatabaseToolConfig } from "../protocol/database.ts";
import type { DatabaseGrant } from "../protocol/database-target.ts";
import type { SandboxLevel } from "../request/types.ts";

/** Name of the variable with the database's URL, for operators and in permissions. */
export const DATABASE_VARIABLE = "DATABASE_URL";

/** Schema of a PostgreSQL server's URL. Its errors never quote the URL. */
export const databaseUrl = z.string().superRefine((url, context) => {
  try {
    for (const host of parseDatabaseUrl(url).hosts) {
      if (!isExact(formatDatabaseHost(host))) throw new Error("It names a host that is none");
    }
  } catch (error) {
    context.addIssue(messageOf(error));
  }
});

/** Settings of the tool `database`. */
export const databaseConfig = z.strictObject({
  /** URL of the database, `postgres://user:password@host:port/name`. A secret. */
  url: databaseUrl.optional(),
  /** Further servers, `host:port` each, tried in this order when the URL's own is out of reach. */
  hosts: z.array(z.string().refine(isExact, "Not an exact host:port")).default([]),
  /** Folder of the tables' modules. Default: `schemas`, if there is one. */
  schemas: z.string().min(1).optional(),
  /** Most rows in the answer to one statement. */
  rows: z.int().min(1).default(10_000),
  /** Most bytes of rows. */
  bytes: z
    .int()
    .min(1_024)
    .default(16 * 1_048_576),
});

export type DatabaseConfig = z.output<typeof databaseConfig>;

const grants = new WeakMap<DatabaseConfig, DatabaseGrant | null>();

/**
 * Returns the grant of executions that use the tool, if there is a database. The URL, and the files it
 * names, are read once for each configuration.
 */
export function databaseGrant(config: DatabaseConfig): DatabaseGrant | null {
  const known = grants.get(config);
  if (known !== undefined) return known;
  const { url, hosts, rows, bytes } = config;
  const target = url === undefined ? undefined : parseDatabaseUrl(url, hosts);
  const grant = target === undefined ? null : { target, limits: { rows, bytes } };
  grants.set(config, grant);
  return grant;
}

/**
 * Returns a database's URL without its user, password and options, for functions that only need its
 * server.
 *
 * @example
 * withoutCredentials("postgres://app:secret@db.example/shop") // "postgres://db.example/shop"
 */
export function withoutCredentials(url: string): string {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  bare.search = "";
  bare.hash = "";
  return bare.href;
}

/** Returns the tool's permissions. The connection is made on its behalf, outside the sandbox. */
export function databasePermissions({ target }: DatabaseGrant): ToolPermissions {
  const net = target.hosts.map(formatDatabaseHost);
  return { name: "database", permissions: { env: [DATABASE_VARIABLE], net }, brokered: true };
}

/** Returns the tool's settings. A sandbox fills in the path of its socket by itself. */
export function databaseToolConfig(
  { target, limits }: DatabaseGrant,
  level: SandboxLevel,
): DatabaseToolConfig {
  return { ...limits, connection: level === "none" ? { target } : { socket: "" } };
}

function isExact(text: string): boolean {
  const entry = parseEntry(text);
  return typeof entry !== "string" && entry.ports.length === 1 && !entry.host.startsWith("*");
}
