import qs from "qs";

export default () => [
  qs.parse("a[b][c]=1&list[]=x&list[]=y"),
  qs.stringify({ where: { age: { gt: 30 } }, tags: ["a", "b"] }, { arrayFormat: "brackets" }),
];
