import { describe, expect, it } from "vitest";
import type { Args } from "../../../cli/command/define.ts";
import { parse } from "../../../cli/command/parse.ts";

const ARGS = {
  file: { type: "positional", description: "", required: true },
  other: { type: "positional", description: "" },
  net: { type: "string", description: "", multiple: true },
  input: { type: "string", description: "" },
  limit: { type: "string", description: "", default: "50" },
  watch: { type: "boolean", description: "" },
} as const satisfies Args;
const NONE = { other: undefined, net: [], input: undefined, limit: "50", watch: false };

describe("words are read by the definition", () => {
  it.each([
    ["a", { ...NONE, file: "a" }],
    ["a b --watch", { ...NONE, file: "a", other: "b", watch: true }],
    ["--net x --net=y a", { ...NONE, file: "a", net: ["x", "y"] }],
    ["a --input -", { ...NONE, file: "a", input: "-" }],
    ["a --input -1", { ...NONE, file: "a", input: "-1" }],
    ["a --input=--watch", { ...NONE, file: "a", input: "--watch" }],
    ["a --input a=b=c", { ...NONE, file: "a", input: "a=b=c" }],
    ["- --limit 1", { ...NONE, file: "-", limit: "1" }],
    ["-- --watch", { ...NONE, file: "--watch" }],
    ["a -- --net", { ...NONE, file: "a", other: "--net" }],
    ["-h", { help: true }],
  ])("%s", (line, expected) => {
    expect({ ...parse(line.split(" "), ARGS) }).toEqual(expected);
  });
});

describe("words that mean nothing are refused", () => {
  it.each([
    ["", "FILE is missing"],
    ["a b c", 'Unexpected "c"'],
    ["a --wacth", "Unknown flag --wacth; did you mean --watch?"],
    ["a --file x", "Unknown flag --file"],
    ["a --__proto__ x", "Unknown flag --__proto__"],
    ["a --constructor", "Unknown flag --constructor"],
    ["a -w", "Unknown flag -w"],
    ["a --no-watch", "Unknown flag --no-watch"],
    ["a --watch=false", "--watch takes no value"],
    ["a --input", "--input needs a value"],
    ["a --input --watch", "--input needs a value"],
    ["a --input 1 --input 2", "--input is given twice"],
  ])("%s", (line, message) => {
    expect(() => parse(line.split(" ").filter(Boolean), ARGS)).toThrow(message);
  });
});
