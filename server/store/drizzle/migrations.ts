import { join } from "node:path";
import type { MigrationConfig } from "drizzle-orm/migrator";
import { PACKAGE_ROOT } from "../../../src/base/package-root.ts";

/** Where the migrations are, and where it is noted which of them have been applied. */
export const MIGRATIONS: MigrationConfig = {
  migrationsFolder: join(PACKAGE_ROOT, "server/store/migrations"),
  migrationsSchema: "isolate",
  migrationsTable: "migrations",
};
