/** What code and schemas may import of Drizzle; everything else of it is for other databases. */
export const DRIZZLE_MODULES = [
  "drizzle-orm",
  "drizzle-orm/pg-core",
  "drizzle-orm/postgres-js",
  "drizzle-orm/relations",
  "drizzle-orm/sql",
] as const;
