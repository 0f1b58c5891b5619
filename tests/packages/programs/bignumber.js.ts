import { BigNumber } from "bignumber.js";

export default () => [
  new BigNumber("1.1").plus("2.2"),
  new BigNumber(1234567.891).toFormat(2),
  new BigNumber(255).toString(16),
  new BigNumber(10).pow(40).toFixed(),
];
