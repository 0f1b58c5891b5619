import { fileURLToPath } from "node:url";
import type { MigrationConfig } from "drizzle-orm/migrator";

/** Where the migrations are, and where it is noted which of them have been applied. */
export const MIGRATIONS: MigrationConfig = {
  migrationsFolder: fileURLToPath(new URL("../migrations", import.meta.url)),
  migrationsSchema: "isolate",
  migrationsTable: "migrations",
};
