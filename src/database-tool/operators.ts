import * as drizzle from "drizzle-orm";

/** Everything that Drizzle exports: its conditions, orders, aggregates, and what serves them. */
export const OPERATORS = Object.freeze({ ...drizzle });
