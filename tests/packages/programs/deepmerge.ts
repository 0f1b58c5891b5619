import merge from "deepmerge";

export default () => [
  merge({ a: { x: 1 }, list: [1] }, { a: { y: 2 }, list: [2] }),
  merge.all([{ a: 1 }, { b: 2 }, { a: 3 }], { arrayMerge: (_old, next) => next }),
];
