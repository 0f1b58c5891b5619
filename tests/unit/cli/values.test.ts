import { describe, expect, it } from "vitest";
import { millisecondsOf, timeOf, untilOf } from "../../../cli/code/durations.ts";
import { requestOf } from "../../../cli/code/request-flags.ts";
import { failureLines, grantingFlags } from "../../../cli/code/show-answer.ts";
import { helpOf } from "../../../cli/command/help.ts";
import { CLIENT_COMMANDS } from "../../../cli/commands/client-commands.ts";
import { columns } from "../../../cli/terminal/columns.ts";
import { paintFor } from "../../../cli/terminal/paint.ts";
import { jsonOf, visible } from "../../../cli/terminal/visible.ts";
import type { Answer } from "../../../src/client/types.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const NO_FLAGS = {
  net: [],
  env: [],
  read: [],
  write: [],
  sys: [],
  secret: [],
  tool: [],
  dependency: [],
  packages: undefined,
  entry: undefined,
  timeout: undefined,
  memory: undefined,
  sandbox: undefined,
  reuse: undefined,
};

it.each([
  ["5", 5],
  ["500ms", 500],
  ["1.5s", 1_500],
  ["2m", 120_000],
  ["1h", 3_600_000],
])("reads %s as milliseconds", (text, expected) => {
  expect(millisecondsOf("timeout", text)).toBe(expected);
});

it.each(["", "s", "-1", "1 s", "1e3", "5 minutes"])("reads no duration of %j", (text) => {
  expect(() => millisecondsOf("timeout", text)).toThrow("--timeout takes a duration");
});

it("reads times, and durations before and after now", () => {
  expect(timeOf("since", "10m", NOW)).toBe("2026-01-02T02:54:05.000Z");
  expect(untilOf("expires", "30d", NOW)).toBe("2026-02-01T03:04:05.000Z");
  expect(timeOf("since", "2026-01-02", NOW)).toBe("2026-01-02T00:00:00.000Z");
  for (const text of ["soon", "10", "2026-99-99", "999999999d"]) {
    expect(() => timeOf("since", text, NOW)).toThrow("--since takes a time");
  }
});

it("makes the fields of a request of flags, and none of those that are not given", () => {
  expect(requestOf(NO_FLAGS)).toEqual({});
  const given = {
    net: ["a.example"],
    secret: ["KEY"],
    dependency: ["@a/b@^1", "c"],
    timeout: "2s",
  };
  expect(requestOf({ ...NO_FLAGS, ...given, memory: "256", sandbox: "isolated" })).toEqual({
    permissions: { net: ["a.example"] },
    secrets: ["KEY"],
    dependencies: { "@a/b": "^1", c: "*" },
    timeout: 2_000,
    memory: 256,
    sandbox: "isolated",
  });
  const refused = { ...NO_FLAGS, sandbox: "isolate" };
  expect(() => requestOf(refused)).toThrow('did you mean "isolated"?');
});

it("writes the flags that grant permissions, quoted for a shell", () => {
  expect(grantingFlags({ net: ["a.example:443"], env: ["A"] })).toBe("--env A --net a.example:443");
  expect(grantingFlags({ read: ["/tmp/$(id)'"] })).toBe(`--read '/tmp/$(id)'\\'''`);
});

it("tells an exception, its hint and what was refused, whatever they contain", () => {
  const plain = paintFor({ isTTY: false }, {});
  const answer = {
    outcome: "exception",
    logs: [
      { level: "log", message: "a" },
      {
        level: "exception",
        name: "E\x1b[2J",
        message: "m",
        stack: "E: m\n    at f (a:1:2)",
        hint: "do",
      },
    ],
    denied: [
      {
        kind: "net",
        value: "x\x07",
        by: "egress",
        code: "NO",
        count: 2,
        permission: { net: ["x"] },
      },
      { kind: "run", value: "ls", by: "worker" },
    ],
  } as unknown as Answer;
  expect(failureLines(answer, plain)).toEqual([
    "E\\u001b[2J: m",
    "    at f (a:1:2)",
    "hint do",
    "denied net x\\u0007 (NO), 2 times: grant it by --net x",
    "denied run ls: nothing grants it here",
  ]);
  expect(failureLines({ outcome: "timeout" } as Answer, plain)).toEqual(["timeout"]);
});

it("colours texts for a terminal alone, unless variables forbid it", () => {
  const terminal = { isTTY: true };
  expect(paintFor(terminal, { TERM: "xterm" })("red", "a")).toBe("\x1b[31ma\x1b[39m");
  expect(paintFor(terminal, { NO_COLOR: "1" })("red", "a")).toBe("a");
  expect(paintFor(terminal, { TERM: "dumb" })("red", "a")).toBe("a");
  expect(paintFor({}, {})("red", "a")).toBe("a");
});

it("colours what was refused on a terminal, too", () => {
  const paint = paintFor({ isTTY: true }, {});
  const denied = [{ kind: "net", value: "x", by: "worker" }];
  const [, line] = failureLines({ outcome: "exception", denied } as unknown as Answer, paint);
  expect(line).toBe("\x1b[33mdenied\x1b[39m net x: nothing grants it here");
});

describe("control characters", () => {
  it("are made visible in texts", () => {
    expect(visible("a\tb\r\nc\x1b]0;t\x07\x9b\u202e\r")).toBe(
      "a\tb\nc\\u001b]0;t\\u0007\\u009b\\u202e\\u000d",
    );
  });

  it("are escaped in JSON, which stays the same value", () => {
    const value = { a: "\x1b\x7f\x9b\u202e\n" };
    expect(jsonOf(value)).toBe('{"a":"\\u001b\\u007f\\u009b\\u202e\\n"}');
    expect(JSON.parse(jsonOf(value))).toEqual(value);
  });
});

it("lays out columns without spaces at the ends", () => {
  expect(
    columns(
      [
        ["a", "bb"],
        ["ccc", ""],
      ],
      " ",
    ),
  ).toBe(" a    bb\n ccc");
});

it("writes the help of all commands without loading one", () => {
  const unloaded = Object.entries(CLIENT_COMMANDS).map(([name, { description }]) => {
    const load = () => Promise.reject(new Error(name));
    return [name, { description, load }] as const;
  });
  const root = {
    meta: { name: "isolate", description: "D" },
    subCommands: Object.fromEntries(unloaded),
  };
  const text = helpOf(root, "isolate", paintFor({}, {}));
  for (const name of Object.keys(CLIENT_COMMANDS))
    expect(text).toMatch(new RegExp(`^  ${name} `, "m"));
});

it("each command has a description and, below the first ones, examples", async () => {
  for (const [name, { load }] of Object.entries(CLIENT_COMMANDS)) {
    const { meta } = await load();
    expect(meta.name).toBe(name);
    expect(meta.examples?.length, name).toBeGreaterThan(0);
  }
});
