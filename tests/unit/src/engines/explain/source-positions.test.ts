import { describe, expect, it } from "vitest";
import { bundleFunction } from "../../../../../src/bundler/function-bundle.ts";
import { hasFrames, inFiles } from "../../../../../src/engines/explain/source-positions.ts";
import type { LogEntry } from "../../../../../src/request/types.ts";

const FILES = {
  "main.ts": 'import { run } from "./lib/run.ts";\n\n\n\nexport default (x: any) => run(x);\n',
  "lib/run.ts": "/* header\n * two\n */\nexport function run(x: any) {\n  return x.foo.bar;\n}\n",
};

function exception(stack: string, more: object = {}): LogEntry {
  return { level: "exception", name: "TypeError", message: "m", timestamp: 1, stack, ...more };
}

async function made(): Promise<{ map: string; stack: string }> {
  const { code, map = "" } = await bundleFunction({ files: FILES, main: "main.ts" }, "a");
  const at = (text: string): string => {
    const before = code.slice(0, code.indexOf(text));
    return `${before.split("\n").length}:${before.length - before.lastIndexOf("\n")}`;
  };
  const stack = `TypeError: m\n    at run (main.ts:${at("foo.bar")})\n    at async file:///main.ts:${at("run(x);")}\n    at other.ts:1:2`;
  return { map, stack };
}

describe("positions of a bundle", () => {
  it("become those of the files, in stacks, causes and logs", async () => {
    const { map, stack } = await made();
    const [entry, log] = inFiles(
      [
        exception(stack, { cause: { stack }, errors: [{ stack }] }),
        { level: "log", message: `see ${stack}`, timestamp: 1 },
      ],
      map,
    ) as [LogEntry & { cause: { stack: string }; errors: { stack: string }[] }, LogEntry];
    const expected =
      "TypeError: m\n    at run (lib/run.ts:5:12)\n    at async main.ts:5:28\n    at other.ts:1:2";
    expect(entry.stack).toBe(expected);
    expect(entry.cause.stack).toBe(entry.stack);
    expect(entry.errors[0]?.stack).toBe(entry.stack);
    expect(log?.message).toBe(`see ${entry.stack}`);
  });

  it("leave out the frames of the bundler, and its names of files", async () => {
    const files = {
      "main.ts": `import c from "./c.cjs";\nexport default (n: string) => [c, import(\`./\${n}.ts\`)];\n`,
      "c.cjs": 'module.exports = require("node:path").join(null);\n',
      "d.ts": "export const d = 1;\n",
    };
    const { code = "", map = "" } = await bundleFunction({ files, main: "main.ts" }, "a");
    const lines = code.split("\n");
    const at = (text: string): string => {
      const line = lines.findIndex((each) => each.includes(text));
      return `main.ts:${line + 1}:${(lines[line] ?? "").indexOf(text) + 1}`;
    };
    const stack = [
      "TypeError: m",
      `    at function:c.cjs (${at("join(null)")})`,
      `    at __require2 (${at("mod = {")})`,
      `    at load (${at("Cannot find")})`,
      "    at mine (main.ts:1:1)",
    ].join("\n");
    expect(inFiles([exception(stack)], map)).toMatchObject([
      {
        stack: "TypeError: m\n    at Object.<anonymous> (c.cjs:1:39)\n    at mine (main.ts:1:1)",
      },
    ]);
  });

  it.each([
    ["no map", "x"],
    ["another kind", "[]"],
    ["null", "null"],
    [
      "names of other things",
      '{"version":3,"sources":["/etc/passwd\\n at x"],"names":[],"mappings":"AAAA"}',
    ],
    ["lists of other types", '{"version":3,"sources":[{"a":1}],"names":[],"mappings":"AAAA"}'],
    ["a number", '{"version":3,"sources":["function:a.ts"],"names":[],"mappings":7}'],
    ["sections", '{"version":3,"sections":[{"offset":{"line":0,"column":0},"map":null}]}'],
  ])("stay as they are with %s for a map", (_what, map) => {
    const entry = exception("Error: m\n    at main.ts:1:1");
    expect(inFiles([entry], map)).toEqual([entry]);
  });

  it("are looked up for a limited number of frames", async () => {
    const { map } = await made();
    const stack = `Error: m${"\n    at run (main.ts:3:10)".repeat(600)}`;
    const [entry] = inFiles([exception(stack)], map);
    expect(entry?.stack?.match(/lib\/run\.ts/g)).toHaveLength(500);
  });

  it("are looked for in exceptions, and in logs that look like stacks", () => {
    const log = (message: string): LogEntry => ({ level: "log", message, timestamp: 1 });
    expect(hasFrames([log("main")])).toBe(false);
    expect(hasFrames([log("main"), log("at main.ts:1:2")])).toBe(true);
    expect(hasFrames([exception("")])).toBe(true);
  });
});
