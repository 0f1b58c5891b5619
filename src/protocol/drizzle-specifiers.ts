/** Modules of Drizzle that code and schemas may import. The others are for other databases. */
export const DRIZZLE_MODULES = [
  "drizzle-orm",
  "drizzle-orm/pg-core",
  "drizzle-orm/postgres-js",
  "drizzle-orm/relations",
  "drizzle-orm/sql",
] as const;
