/** Tests requests of any shape: malformed ones are refused with their place. */
import { describe, expect, it } from "vitest";
import { shape } from "../../../../src/permissions/shape.ts";
import { planned } from "../../../helpers/plan.ts";

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const thrower = () => {
  throw new Error("Read");
};
const getter = (key: string) => Object.defineProperty({}, key, { get: thrower, enumerable: true });
const many = Array.from({ length: 101 }, () => "A");

describe("a malformed request", () => {
  it.each<[string, unknown, string]>([
    ["inherit", "inherit", ""],
    ["null", null, ""],
    ["a number", 1, ""],
    ["a boolean", true, ""],
    ["text", "all", ""],
    ["an empty list", [], ""],
    ["a function", () => ({}), ""],
    ["an instance", new Map(), ""],
    ["one with inherited lists", Object.create({ net: ["x.org"] }), ""],
    ["a proxy", new Proxy({}, {}), ""],
    ["a revoked proxy", revoked.proxy, ""],
    ["one below a proxy", Object.create(new Proxy({}, { getPrototypeOf: thrower })), ""],
    ["too many keys", Object.fromEntries(many.map((_, index) => [index, 1])), ""],
    ["an unknown key", { import: [] }, ".import"],
    ["an own __proto__", JSON.parse('{"__proto__":{"net":["x.org"]}}'), ".__proto__"],
    ["an own constructor", { constructor: 1 }, ".constructor"],
    ["a symbol", { [Symbol("s")]: 1 }, ".Symbol(s)"],
    ["a key with a line break", { "a\nb": 1 }, ".a\\x0ab"],
    ["inherit for a list", { net: "inherit" }, ".net"],
    ["none for a list", { net: "none" }, ".net"],
    ["true for a list", { net: true }, ".net"],
    ["null for a list", { net: null }, ".net"],
    ["an object for a list", { net: { length: 1, 0: "x.org" } }, ".net"],
    ["a set for a list", { net: new Set(["x.org"]) }, ".net"],
    ["a proxy for a list", { net: new Proxy([], {}) }, ".net"],
    ["a getter for a list", getter("net"), ".net"],
    ["too many entries", { env: many }, ".env"],
    ["a long hole", { env: new Array(4_000_000_000) }, ".env"],
    ["a number in a list", { env: [1] }, ".env[0]"],
    ["a boxed string", { env: [new String("A")] }, ".env[0]"],
    ["a hole", { env: new Array(1) }, ".env[0]"],
    ["a getter in a list", { env: Object.defineProperty([], "0", { get: thrower }) }, ".env[0]"],
    ["an empty string", { run: [""] }, ".run[0]"],
    ["a comma", { read: ["/data,/etc"] }, ".read[0]"],
    ["NUL", { read: ["/data/\0"] }, ".read[0]"],
    ["an escape", { read: ["/data/\x1b"] }, ".read[0]"],
    ["a C1 control", { read: ["/data/\x9b"] }, ".read[0]"],
    ["a backslash", { read: ["/data/..\\.."] }, ".read[0]"],
    ["half a character", { read: ["/data/\udc00"] }, ".read[0]"],
    ["too long a string", { read: [`/data/${"x".repeat(1_019)}`] }, ".read[0]"],
    ["hrtime as text", { hrtime: "true" }, ".hrtime"],
    ["hrtime as null", { hrtime: null }, ".hrtime"],
    ["hrtime as inherit", { hrtime: "inherit" }, ".hrtime"],
  ])("%s", (_, requested, at) => {
    for (const level of ["none", "isolated", "container"] as const) {
      const { refusals, permissions } = planned(requested, { level });
      expect(refusals).toMatchObject([{ kind: "invalid", field: `permissions${at}` }]);
      expect(refusals[0]?.message.startsWith(`permissions${at}: `)).toBe(true);
      expect(permissions).toEqual(planned("none").permissions);
    }
  });

  it.each([[undefined], ["none"], [{}], [Object.create(null)], [{ net: undefined, env: [] }]])(
    "%j is none: it asks for nothing",
    (requested) => {
      const { refusals, warnings, egress } = planned(requested, { level: "container" });
      expect([refusals, warnings, egress]).toEqual([[], [], null]);
    },
  );

  it("keeps the positions of what is well-formed", () => {
    const { lists } = shape({ env: [1, "A", "", "B"] }, "at");
    expect(lists.env.map(({ field }) => field)).toEqual(["at.env[1]", "at.env[3]"]);
  });

  it("may have 100 entries of 1,024 characters", () => {
    const read = new Array(100).fill(`/data/${"x".repeat(1_018)}`);
    expect(planned({ read }).refusals).toEqual([]);
  });

  it("shows of a value what messages can bear", () => {
    const values = ["x".repeat(1_025), "\x1b[2J\x9b", "\ud800", {}, null];
    expect(planned({ env: values }).refusals.map(({ value }) => value)).toEqual([
      `${"x".repeat(100)}…`,
      "\\x1b[2J\\x9b",
      "\ufffd",
      "object",
      "null",
    ]);
  });
});
