import _ from "lodash";

export default () => [
  _.chunk(["a", "b", "c", "d", "e"], 2),
  _.groupBy([6.1, 4.2, 6.3], Math.floor),
  _.template("<%= n %> apples")({ n: 3 }),
  _.get({ a: [{ b: 7 }] }, "a[0].b"),
];
