import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { MIGRATIONS } from "../../server/store/drizzle/migrations.ts";
import { openDatabase } from "../../server/store/pglite/open-database.ts";
import { packTemplate, templateName } from "../../server/store/pglite/template.ts";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";

/** Sources of the template, beside the migrations. */
const SOURCES = [
  "drizzle/migrations.ts",
  "pglite/durable-files.ts",
  "pglite/open-database.ts",
  "pglite/template.ts",
];

/** Builds the template of new stores: the data directory of an empty database with all tables. */
export async function buildStore() {
  const directory = await mkdtemp(join(tmpdir(), "isolate-template-"));
  try {
    const client = await openDatabase(directory, () => undefined);
    await migrate(drizzle({ client }), MIGRATIONS);
    await client.close();
    const template = packTemplate(join(directory, "data"));
    return { files: { [templateName()]: template }, inputs: await inputs() };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function inputs(): Promise<string[]> {
  const { migrationsFolder: folder } = MIGRATIONS;
  const names = await readdir(folder, { recursive: true });
  const sources = SOURCES.map((path) => join(PACKAGE_ROOT, "server/store", path));
  return [folder, ...names.map((name) => join(folder, name)), ...sources];
}
