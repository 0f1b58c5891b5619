import { parsePgArray } from "drizzle-orm/pg-core";

/**
 * Marks a null element: Drizzle's parser cannot tell one from the text `NULL`, and no text contains
 * NUL.
 */
const NULL = "\0";
const UNQUOTED_NULL = /(?<=[{,])NULL(?=[,}])/g;

/**
 * Parsers of the server's own array types, by their fixed type ids. The driver would ask the server
 * for them on connecting, which takes longer than most queries.
 */
export const ARRAYS = {
  texts: arrayOf([199, 1002, 1009, 1014, 1015, 1016, 1231, 2951, 3807], String),
  numbers: arrayOf([1005, 1007, 1021, 1022, 1028], Number),
  booleans: arrayOf([1000], (text) => text === "t"),
};

function arrayOf(from: number[], parse: (text: string) => unknown) {
  const each = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(each);
    return item === NULL ? null : parse(String(item).replaceAll(NULL, "NULL"));
  };
  return {
    to: from[0] as number,
    from,
    serialize: (value: unknown) => value,
    parse: (text: string) => parsePgArray(text.replace(UNQUOTED_NULL, NULL)).map(each),
  };
}
