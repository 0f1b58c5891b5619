import * as R from "ramda";

export default () => [
  R.pipe(R.map(R.multiply(2)), R.filter(R.gt(5)), R.sum)([1, 2, 3]),
  R.evolve({ name: R.toUpper })({ name: "tea", n: 1 }),
  R.groupBy((s: string) => s[0] ?? "")(["ab", "ac", "b"]),
];
