import { parsePgArray } from "drizzle-orm/pg-core";

/**
 * Parsers of the server's own array types, by their fixed identifiers. The driver would ask for
 * them when it connects, which takes longer than most queries.
 */
export const ARRAYS = {
  texts: arrayOf([199, 1002, 1009, 1014, 1015, 1016, 1231, 2951, 3807], String),
  numbers: arrayOf([1005, 1007, 1021, 1022, 1028], Number),
  booleans: arrayOf([1000], (text) => text === "t"),
};

function arrayOf(from: number[], parse: (text: string) => unknown) {
  const each = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(each);
    return item === "NULL" ? null : parse(item as string);
  };
  return {
    to: from[0] as number,
    from,
    serialize: (value: unknown) => value,
    parse: (text: string) => parsePgArray(text).map(each),
  };
}
