import equal from "fast-deep-equal";

export default () => [
  equal({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }),
  equal([1], [2]),
  equal(/a/g, /a/g),
];
