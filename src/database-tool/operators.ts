import * as drizzle from "drizzle-orm";

/** Exports of Drizzle: its conditions, orders, aggregates, and their helpers. */
export const OPERATORS = Object.freeze({ ...drizzle });
