import * as drizzle from "drizzle-orm";
import * as pgCore from "drizzle-orm/pg-core";
import * as postgresJs from "drizzle-orm/postgres-js";
import * as relations from "drizzle-orm/relations";
import * as sql from "drizzle-orm/sql";
import type { DRIZZLE_MODULES } from "../protocol/drizzle-specifiers.ts";

/** The only copy of Drizzle where this runs. */
export const MODULES: Readonly<Record<(typeof DRIZZLE_MODULES)[number], object>> = {
  "drizzle-orm": drizzle,
  "drizzle-orm/pg-core": pgCore,
  "drizzle-orm/postgres-js": postgresJs,
  "drizzle-orm/relations": relations,
  "drizzle-orm/sql": sql,
};
