import BN from "bn.js";

export default () => {
  const a = new BN("dead", 16);
  return [
    a.add(new BN("101010", 2)).toString(10),
    new BN(2).pow(new BN(100)).toString(),
    new BN(7).invm(new BN(31)).toNumber(),
    a.toArray("be", 4),
  ];
};
