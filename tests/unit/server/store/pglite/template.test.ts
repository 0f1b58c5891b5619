import { cp, mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { MIGRATIONS } from "../../../../../server/store/drizzle/migrations.ts";
import { openDatabase } from "../../../../../server/store/pglite/open-database.ts";
import { readTemplate, templateName } from "../../../../../server/store/pglite/template.ts";

/** Query of everything that migrations make, as texts. */
const SCHEMA = `
  select 'column ' || table_schema || '.' || table_name || '.' || column_name || ' ' || data_type || ' '
    || is_nullable || ' ' || coalesce(column_default, '') || ' ' || ordinal_position as text
    from information_schema.columns where table_schema in ('isolate', 'public')
  union all select 'index ' || indexdef from pg_indexes where schemaname in ('isolate', 'public')
  union all select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
    where connamespace in ('isolate'::regnamespace, 'public'::regnamespace)
  union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  union all select 'function ' || pg_get_functiondef(oid) from pg_proc
    where pronamespace in ('isolate'::regnamespace, 'public'::regnamespace)
  union all select 'setting ' || name || ' ' || setting from pg_settings where source = 'configuration file'
  union all select 'migration ' || hash || ' ' || created_at from isolate.migrations
  order by text`;

async function rowsOf(database: PGlite, query: string): Promise<unknown[]> {
  return (await database.query(query)).rows;
}

describe("a new store", () => {
  let directory = "";
  const made: PGlite[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "isolate-template-"));
  });

  afterAll(async () => {
    for (const database of made) await database.close();
    await rm(directory, { recursive: true });
  });

  async function make(name: string, template?: () => undefined): Promise<PGlite> {
    const path = join(directory, name);
    await mkdir(path);
    const database = await openDatabase(path, template);
    made.push(database);
    return database;
  }

  it("is a copy of the one that was built, with the tables that migrations make", async () => {
    const identity = "select system_identifier::text as id from pg_control_system()";
    const copies = [await make("a"), await make("b")] as const;
    const migrated = await make("c", () => undefined);
    await migrate(drizzle({ client: migrated }), MIGRATIONS);
    const [first, second, other] = await Promise.all(
      [...copies, migrated].map((database) => rowsOf(database, identity)),
    );
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
    const schema = await rowsOf(migrated, SCHEMA);
    expect(schema.length).toBeGreaterThan(100);
    expect(await rowsOf(copies[0], SCHEMA)).toEqual(schema);
  });

  it("is on the disk as a whole before it is used, and its owner's alone", async () => {
    const file = await open(directory);
    const synced = vi.spyOn(Object.getPrototypeOf(file), "sync");
    await file.close();
    const mask = process.umask(0);
    let times = 0;
    try {
      await make("d");
    } finally {
      times = synced.mock.calls.length;
      process.umask(mask);
      synced.mockRestore();
    }
    const data = join(directory, "d", "data");
    const names = await readdir(data, { recursive: true });
    expect(names.length).toBeGreaterThan(1_000);
    expect(times).toBeGreaterThan(names.length);
    const modes = await Promise.all(names.map(async (name) => (await stat(join(data, name))).mode));
    expect(modes.filter((mode) => (mode & 0o077) !== 0)).toEqual([]);
  });

  it("is not a copy of what a build with other migrations has made", async () => {
    const migrations = join(directory, "migrations");
    await cp(MIGRATIONS.migrationsFolder, migrations, { recursive: true });
    expect(templateName(migrations)).toBe(templateName());
    expect(readTemplate(templateName(migrations))).toBeDefined();
    await writeFile(join(migrations, "9999_later.sql"), "create table later ();");
    expect(readTemplate(templateName(migrations))).toBeUndefined();
  });
});
