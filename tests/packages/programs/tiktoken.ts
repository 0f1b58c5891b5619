import { Tiktoken } from "tiktoken/lite";

// Ranks of its own: each byte, and two words.
const bytes = Array.from({ length: 256 }, (_, n) => Buffer.from([n]).toString("base64"));
const words = ["te", "tea"].map((word) => Buffer.from(word).toString("base64"));

export default () => {
  const encoding = new Tiktoken(
    `! 0 ${[...bytes, ...words].join(" ")}`,
    { "<end>": 300 },
    "\\w+|\\W+",
  );
  const tokens = encoding.encode("tea time<end>", "all");
  const text = new TextDecoder().decode(encoding.decode(tokens));
  encoding.free();
  return [[...tokens], text];
};
