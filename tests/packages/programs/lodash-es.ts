import { camelCase, partition, sortBy } from "lodash-es";

export default () => [
  camelCase("from here to there"),
  partition([1, 2, 3, 4], (n) => n > 2),
  sortBy([{ n: 2 }, { n: 1 }], "n"),
];
