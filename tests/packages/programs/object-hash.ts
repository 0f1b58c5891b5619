import hash from "object-hash";

export default () => [
  hash({ a: 1, b: [2, 3] }),
  hash({ b: [2, 3], a: 1 }) === hash({ a: 1, b: [2, 3] }),
  hash([1, 2], { algorithm: "md5", encoding: "base64" }),
  hash.MD5(new Map([["x", new Date(0)]])),
];
