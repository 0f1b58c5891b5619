import { fromJS, List, Map as Table } from "immutable";

export default () => {
  const first = Table({ a: 1, b: 2 });
  return [
    first.set("b", 50).toJS(),
    first.get("b"),
    List([1, 2]).push(3).reverse(),
    fromJS({ x: { y: [1] } }).updateIn(["x", "y", 0], (n: unknown) => Number(n) + 1),
  ];
};
