import { defineConfig } from "drizzle-kit";

/** For `npm run migration`: writes the next migration of the store, from what the schema says. */
export default defineConfig({
  dialect: "postgresql",
  schema: [
    "./server/store/drizzle/schema.ts",
    "./server/store/drizzle/operations-tables.ts",
    "./server/store/drizzle/server-tables.ts",
    "./server/store/drizzle/columns.ts",
  ],
  out: "./server/store/migrations",
  casing: "snake_case",
  breakpoints: true,
});
