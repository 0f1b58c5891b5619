import { Decimal } from "decimal.js";

Decimal.set({ precision: 30 });

export default () => [
  new Decimal(1).div(3),
  Decimal.sin(1).toString(),
  new Decimal("0xff.8").toString(),
  Decimal.max(1, "3", 2).toNumber(),
];
