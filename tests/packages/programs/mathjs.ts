import { all, create, derivative, evaluate, simplify } from "mathjs";

const math = create(all, { number: "BigNumber", precision: 20 });

export default () => [
  evaluate("sqrt(3^2 + 4^2)"),
  evaluate("12.7 cm to inch").toString(),
  derivative("x^3 + 2 x", "x").toString(),
  simplify("2 x + x").toString(),
  math.evaluate("1 / 3").toString(),
  math.format(
    math.inv([
      [1, 2],
      [3, 4],
    ]),
    4,
  ),
];
