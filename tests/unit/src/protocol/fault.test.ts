/** Tests that a fault of a sandbox is read within its limits, whatever the sandbox claims. */
import { describe, expect, it } from "vitest";
import { partsOf, readFault } from "../../../../src/protocol/fault.ts";
import { encodeFrame, FrameDecoder } from "../../../../src/protocol/frames.ts";
import { readError } from "../../../../src/protocol/inbound.ts";
import {
  FAULT_LIMITS,
  MAX_FAULT_NAME,
  MAX_FAULT_PARTS,
  MAX_FAULT_TEXT,
} from "../../../../src/protocol/limits.ts";

const words = { name: "Error", message: "m" };

/** Characters whose JSON is the longest. */
const WIDE = "\0".repeat(100_000);

function nested(depth: number): object {
  let claim: object = words;
  for (let i = 0; i < depth; i += 1) claim = { ...words, cause: claim };
  return claim;
}

describe("a claimed fault", () => {
  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "fault"],
    ["a list", [words]],
    [
      "fields of other types",
      { name: 1, message: {}, stack: [], cause: "x", errors: {}, details: [] },
    ],
  ])("of %s is an Exception", (_what, claim) => {
    expect(readFault(claim)).toMatchObject({ name: "Exception", message: "" });
    expect(readFault(claim)).not.toHaveProperty("stack");
    expect(readFault(claim)).not.toHaveProperty("details");
  });

  it("is read as it was written", () => {
    const fault = {
      ...words,
      stack: "Error: m",
      cause: { name: "TypeError", message: "c", details: { code: 1 } },
      errors: [{ name: "Exception", message: "e" }],
      details: { code: "X", list: [1, null, true, { a: [] }] },
      truncated: ["errors"],
    };
    expect(readFault(fault)).toEqual(fault);
    expect(readFault(structuredClone(fault))).toEqual(fault);
  });

  it.each([
    ["long words", { name: WIDE, message: WIDE, stack: WIDE }, undefined],
    ["many causes", nested(10_000), undefined],
    ["many errors", { ...words, errors: Array.from({ length: 10_000 }, () => words) }, ["errors"]],
    ["long causes", { ...words, cause: { name: "E", message: WIDE, stack: WIDE } }, undefined],
    [
      "many long errors",
      { errors: Array.from({ length: 99 }, () => ({ message: WIDE })) },
      ["errors"],
    ],
    [
      "many details",
      { details: Object.fromEntries(Array.from({ length: 9_999 }, (_, i) => [i, i])) },
      ["details"],
    ],
    ["long details", { details: { a: WIDE, [WIDE]: 1 } }, ["details"]],
    ["many long details", { details: { a: Array.from({ length: 99 }, () => WIDE) } }, ["details"]],
    ["deep details", { details: { a: { b: { c: { d: { e: 1 } } } } } }, ["details"]],
    ["details that JSON has not", { details: { a: Number.NaN, b: 1n, c: () => 1 } }, ["details"]],
    ["a prototype", { details: JSON.parse('{"__proto__": {"polluted": 1}, "a": 1}') }, ["details"]],
  ])("of %s is cut, and says what of it", (_what, claim, truncated) => {
    const fault = readFault(claim);
    expect(fault.name.length).toBeLessThanOrEqual(MAX_FAULT_NAME);
    expect(fault.message.length).toBeLessThanOrEqual(MAX_FAULT_TEXT);
    expect((fault.stack ?? "").length).toBeLessThanOrEqual(MAX_FAULT_TEXT);
    const parts = JSON.stringify(partsOf(fault) ?? {});
    expect(Buffer.byteLength(parts)).toBeLessThanOrEqual(MAX_FAULT_PARTS);
    expect(fault.truncated).toEqual(truncated);
    expect(JSON.stringify(fault)).not.toContain("polluted");
  });

  it("has causes to a depth, and the deepest says that there were more", () => {
    let fault = readFault(nested(100));
    let depth = 0;
    while (fault.cause !== undefined) {
      fault = fault.cause;
      depth += 1;
    }
    expect(depth).toBe(FAULT_LIMITS.depth);
    expect(fault.truncated).toEqual(["cause"]);
  });

  it("is read by its own fields alone", () => {
    const claim = Object.create({
      get cause(): never {
        throw new Error("Read");
      },
    });
    expect(readFault(Object.assign(claim, words))).toEqual(words);
  });
});

describe("the frame of a fault", () => {
  const read = (header: object, payload: string) => {
    const frames = new FrameDecoder(1_048_576).push(
      encodeFrame("error", header, Buffer.from(payload)),
    );
    return [...frames].map(readError);
  };

  it("has the parts as JSON", () => {
    const parts = { cause: words, details: { code: 1 } };
    expect(read({ ...words, dropped: 2 }, JSON.stringify(parts))).toEqual([
      { fault: { ...words, ...parts }, dropped: 2 },
    ]);
  });

  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["a number", "5"],
    ["too much", `{"details":{"a":1},"more":"${"x".repeat(MAX_FAULT_PARTS)}"}`],
    ["nothing but depth", "[".repeat(100_000)],
    ["words", '{"name":"Other","message":"other","stack":"s"}'],
  ])("with %s for parts has words alone", (_what, payload) => {
    expect(read(words, payload)).toEqual([{ fault: words, dropped: 0 }]);
  });
});
