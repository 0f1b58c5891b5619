import protobuf from "protobufjs";

const source = `
  syntax = "proto3";
  package shop;
  message Order { uint32 id = 1; repeated string items = 2; map<string, double> prices = 3; }
`;

export default () => {
  const Order = protobuf.parse(source).root.lookupType("shop.Order");
  const order = { id: 300, items: ["tea", "rice"], prices: { tea: 2.5 } };
  const bytes = Order.encode(Order.create(order)).finish();
  return [bytes.length, Order.toObject(Order.decode(bytes)), Order.verify({ id: "x" })];
};
