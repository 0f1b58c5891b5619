import { join } from "node:path";
import type { MigrationConfig } from "drizzle-orm/migrator";
import { PACKAGE_ROOT } from "../../../src/base/package-root.ts";

/** Folder of the migrations, and the table that lists those applied. */
export const MIGRATIONS: MigrationConfig = {
  migrationsFolder: join(PACKAGE_ROOT, "server/store/migrations"),
  migrationsSchema: "isolate",
  migrationsTable: "migrations",
};
