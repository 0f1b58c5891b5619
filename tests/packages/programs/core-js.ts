import fromAsync from "core-js/actual/array/from-async.js";
import groupBy from "core-js/actual/map/group-by.js";
import "core-js/proposals/iterator-range.js";

export default async () => {
  const parity = groupBy([1, 2, 3], (n: number) => (n % 2 === 1 ? "odd" : "even"));
  const range = (Iterator as unknown as { range(a: number, b: number): Iterable<number> }).range(
    1,
    4,
  );
  return [[...parity], await fromAsync([Promise.resolve(1), 2]), [...range]];
};
