import {
  arrayContained,
  arrayContains,
  arrayOverlaps,
  avg,
  count,
  countDistinct,
  getOperators,
  getOrderByOperators,
  max,
  min,
  sum,
} from "drizzle-orm";

/** Drizzle's conditions, orders and aggregates, for code that imports nothing. */
export const OPERATORS = Object.freeze({
  ...getOperators(),
  ...getOrderByOperators(),
  ...{ arrayContained, arrayContains, arrayOverlaps },
  ...{ avg, count, countDistinct, max, min, sum },
});
