/** Tests the pure parts of the console, with Node's own text. */
import { expect, it } from "vitest";
import { authorText } from "../../../runner-image/base/author-text.ts";
import { Lines } from "../../../runner-image/console/lines.ts";
import { ConsoleLog } from "../../../runner-image/console/log.ts";
import { takeNested } from "../../../runner-image/console/nested-output.ts";
import { takeNodeText } from "../../../runner-image/console/node-text.ts";
import { boundedOptions } from "../../../runner-image/console/options.ts";
import { plainText } from "../../../runner-image/console/plain.ts";
import { ConsoleText } from "../../../runner-image/console/text.ts";
import { costOf, fits } from "../../../runner-image/console/walk.ts";
import { encodeFrame, FrameDecoder } from "../../../src/protocol/frames.ts";
import { readLog } from "../../../src/protocol/inbound.ts";
import type { WorkerMessage } from "../../../src/protocol/messages.ts";

const native = takeNodeText();
const text = new ConsoleText(native);

function logOf(entries = 1_000, bytes = 1_000_000): [ConsoleLog, WorkerMessage[]] {
  const sent: WorkerMessage[] = [];
  const limits = { logEntries: entries, logBytes: bytes, resultBytes: 1 };
  return [new ConsoleLog(limits, (message) => sent.push(message)), sent];
}

it.each([
  [{ a: [1, "x", null, true, { b: {} }] }],
  [[]],
  [JSON.parse('{"__proto__":{"constructor":1}}')],
  [{ length: 3, toString: 1 }],
  [Array.from({ length: 90 }).reduce<unknown>((inner) => [inner], 1)],
])("plain data is its JSON: %j", (value) => {
  expect(plainText(value as object, native)).toBe(JSON.stringify(value));
});

it.each([
  [{ a: undefined }],
  [new Array(2)],
  [Object.assign([1], { x: 1 })],
  [{ n: Number.NaN }],
  [[-0]],
  [[1n]],
  [Object.create(null)],
  [new (class A {})()],
  [new Date(0)],
  [[new Map()]],
  [
    {
      get a() {
        throw new Error("read");
      },
    },
  ],
  [{ [Symbol("s")]: 1 }],
  [new Proxy({}, {})],
  [new Proxy([], {})],
  [new (class extends Array {})()],
  [Object.setPrototypeOf(new Error("e"), Object.prototype)],
  [
    (function () {
      // biome-ignore lint/complexity/noArguments: such an object is tested
      return arguments;
    })(),
  ],
  [Array.from({ length: 101 }).reduce<unknown>((inner) => [inner], 1)],
])("other values are not: case %#", (value) => {
  expect(plainText(value as object, native)).toBeUndefined();
});

it("does not take a circle for plain data, but a shared object", () => {
  const shared = {};
  const circle: unknown[] = [];
  circle.push({ circle });
  expect(plainText([shared, shared], native)).toBe("[{},{}]");
  expect(plainText(circle, native)).toBeUndefined();
});

it("stops looking at a value that is too large", () => {
  const row = Array.from({ length: 100 }, () => 1n);
  expect(
    fits(
      Array.from({ length: 10 }, () => row),
      4,
      native,
    ),
  ).toBe(true);
  expect(
    fits(
      Array.from({ length: 100 }, () => [row, row]),
      4,
      native,
    ),
  ).toBe(false);
  expect(costOf(["x".repeat(50)], 1, native)).toBeLessThan(100);
  expect(costOf("x".repeat(1_000_000), 1, native)).toBeLessThan(20_000);
  expect(costOf([10n ** 30_000n], 1, native)).toBe(Number.POSITIVE_INFINITY);
});

it("gives specifiers their arguments, whatever follows", () => {
  expect(text.join(["%s %%", "a"])).toBe("a %");
  expect(text.join(["%s %%", "a", { b: 1 }])).toBe('a % {"b":1}');
  expect(text.join(["%%", [1]])).toBe("% [1]");
  expect(text.join(["%%"])).toBe("%%");
  expect(text.join(["%s"])).toBe("%s");
  expect(text.join(["%d %s", 10n ** 30_000n, 10n ** 30_000n])).toMatch(/^NaN \[BigInt of more/);
  expect(text.join(["x".repeat(70_000), "%s", 1])).toMatch(/^x{65535}… %s/);
});

it("reads each option of dir once, and bounds what is an amount", () => {
  let reads = 0;
  const options = {
    get depth() {
      reads += 1;
      return 7;
    },
    maxArrayLength: null,
    iterableLimit: 1e9,
    maxStringLength: 5,
    budget: { 0: -1e300 },
  };
  expect({ ...boundedOptions(options) }).toEqual({
    depth: 7,
    maxArrayLength: 65_536,
    iterableLimit: 65_536,
    maxStringLength: 5,
  });
  expect(reads).toBe(1);
});

it("cuts bytes into lines wherever they are split", () => {
  const bytes = new TextEncoder().encode("é€\n\nlast \u{1f600}");
  for (let size = 1; size <= bytes.length; size += 1) {
    const found: string[] = [];
    const lines = new Lines((line) => found.push(line));
    for (let at = 0; at < bytes.length; at += size) lines.write(bytes.subarray(at, at + size));
    lines.flush();
    lines.flush();
    expect(found).toEqual(["é€", "", "last \u{1f600}"]);
  }
});

it("makes no text of an entry that there is no room for", () => {
  const [log, sent] = logOf(1);
  let made = 0;
  for (let n = 0; n < 5; n += 1) {
    log.write("log", () => {
      made += 1;
      return "text";
    });
  }
  expect(made).toBe(1);
  expect(log.dropped).toBe(4);
  expect(sent.map(({ type }) => type)).toEqual(["log", "dropped", "dropped", "dropped"]);
});

it("indents groups up to 40 levels, and by no less than none", () => {
  const [log, sent] = logOf();
  log.group(-1);
  log.write("log", () => "a");
  for (let n = 0; n < 1_000; n += 1) log.group(1);
  log.write("log", () => "b\nc");
  const indent = " ".repeat(80);
  expect(sent.map((entry) => entry.type === "log" && entry.message)).toEqual([
    "a",
    `${indent}b\n${indent}c`,
  ]);
});

it("takes output of nested workers field by field", () => {
  const [log, sent] = logOf();
  const claims = [
    { level: "warn", message: "m", stream: "stderr", extra: 1 },
    { level: "exception", message: "m", stream: "tty" },
    { level: {}, message: "m", stream: ["stdout"] },
    { message: 5 },
    { message: { length: 1 } },
    { dropped: 3 },
    { dropped: -3 },
    { dropped: Number.POSITIVE_INFINITY },
    null,
    "text",
    [],
  ];
  for (const claim of claims) takeNested(claim, log, () => {});
  expect(sent).toEqual([
    { type: "log", level: "warn", message: "m", stream: "stderr" },
    { type: "log", level: "log", message: "m" },
    { type: "log", level: "log", message: "m" },
    { type: "dropped", count: 3 },
  ]);
});

it("believes a sandbox only the names of the two streams", () => {
  const read = (stream: unknown) => {
    const [frame] = [
      ...new FrameDecoder(10_000).push(encodeFrame("log", { level: "log", stream })),
    ];
    return frame && readLog(frame);
  };
  expect(read("stdout")).toEqual({ level: "log", message: "", stream: "stdout" });
  expect(read("stderr")).toEqual({ level: "log", message: "", stream: "stderr" });
  for (const claim of ["stdin", "", 1, null, ["stdout"], { toString: "stdout" }]) {
    expect(read(claim)).toEqual({ level: "log", message: "" });
  }
});

it("leaves the frames of the runner out of every stack in a text", () => {
  const runner = new URL("../../../runner-image/base/author-text.ts", import.meta.url).href;
  const stack = (more: string) =>
    `Error: x\n    at main (blob:1:2:3)\n    at call (${runner}:1:2)\n    at async ${runner}:3:4${more}`;
  expect(authorText(stack(" {\n  code: 1\n}"), "blob:1")).toBe(
    "Error: x\n    at main (main.ts:2:3) {\n  code: 1\n}",
  );
  expect(authorText(`[ ${stack(",")}\n ${stack(" ]")}`, "blob:1")).toBe(
    "[ Error: x\n    at main (main.ts:2:3),\n Error: x\n    at main (main.ts:2:3) ]",
  );
  expect(authorText(`see ${runner} and blob:1`, "blob:1")).toBe(`see ${runner} and main.ts`);
  expect(authorText("plain", undefined)).toBe("plain");
});
