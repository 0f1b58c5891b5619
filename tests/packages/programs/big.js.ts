import Big from "big.js";

export default () => [
  new Big(0.1).plus(0.2).toString(),
  new Big("123.456").times(3).toFixed(2),
  new Big(2).sqrt().round(5).toNumber(),
  new Big(1).div(3),
];
