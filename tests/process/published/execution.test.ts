/** Tests the published uses of the library: what its callers run, and how they learn of failures. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { config } from "../../../src/config/config.ts";
import { create, type Isolate } from "../../../src/isolate.ts";
import type { IsolatePlugin } from "../../../src/plugins/plugin.ts";
import { runAll, runHook } from "../../published/programs/uses.ts";

/** Takes the log out of failed outputs of one code. */
const silencer: IsolatePlugin = {
  name: "silencer",
  setup(api) {
    api.onFormat.tap((output, { request }) => {
      if (!request.code.includes("silenced")) return;
      const { logs, ...rest } = output;
      return rest;
    });
  },
};

let runDirectory: string;
let isolate: Isolate;
beforeAll(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await create({
    runDirectory,
    config: config({ maxSize: 50_000, timeout: 20_000, port: 8787, strict: true, audit: false }),
    useCluster: true,
    plugins: [silencer],
  });
});
afterAll(async () => {
  await isolate.close();
  await rm(runDirectory, { recursive: true });
});

describe("a request", () => {
  it("may have every published field", async () => {
    const output = await isolate.execute({
      code: "export default (x) => [x * 2, typeof crypto.randomUUID]",
      input: 21,
      entry: "default",
      timeout: 5_000,
      tools: ["crypto"],
      permissions: { net: ["api.example.com"] },
    });
    expect(output).toMatchObject({ ok: true, result: [42, "function"] });
    expect(Object.keys(output)).toEqual(["ok", "outcome", "result", "duration", "usage"]);
  });

  it("of code alone calls the default export without an argument", async () => {
    const output = await isolate.execute({ code: "export default (...all) => all.length" });
    expect(output).toMatchObject({ ok: true, result: 0 });
  });

  it("has its own timeout in place of the settings'", async () => {
    const code = "export default () => new Promise(() => { setInterval(() => {}, 1_000) })";
    const output = await isolate.execute({ code, timeout: 400 });
    expect(output.error).toMatchObject({ name: "TimeoutError", message: "Execution timeout" });
    expect(output.duration).toBeLessThan(10_000);
  });

  it("with more code than the settings allow is refused", async () => {
    const filler = (bytes: number) => `export default () => 1 //`.padEnd(bytes, "x");
    expect(await isolate.execute({ code: filler(50_000) })).toMatchObject({ result: 1 });
    const refused = isolate.execute({ code: filler(50_001) });
    await expect(refused).rejects.toMatchObject({ name: "PayloadTooLarge", status: 413 });
  });
});

describe("a use", () => {
  it("calls a student's solution with all cases", async () => {
    const code = `export function solution(cases) {
      console.log("cases:", cases.length);
      return cases.map(([a, b]) => a + b);
    }`;
    const output = await isolate.execute({
      code,
      input: [
        [1, 2],
        [3, 4],
      ],
      entry: "solution",
    });
    expect(output).toMatchObject({ ok: true, result: [3, 7], logs: [{ message: "cases: 2" }] });
  });

  it("transforms data by a default export that has the entry's name", async () => {
    const code = `export default function transform(rows) {
      return rows.filter(({ price }) => price > 100).map(({ id, price, quantity }) => ({ id, total: price * quantity }));
    }`;
    const input = [
      { id: 1, price: 150, quantity: 2 },
      { id: 2, price: 50, quantity: 9 },
    ];
    const output = await isolate.execute({ code, input, entry: "transform" });
    expect(output).toMatchObject({ ok: true, result: [{ id: 1, total: 300 }] });
  });

  it("runs an application's hooks, and gives nothing for one that fails", async () => {
    const code = `export function onHook({ hook, data }) {
      if (hook === "broken") throw new Error("No");
      return hook + ":" + data;
    }`;
    const hook = { name: "tagger", code, hooks: ["saved", "broken"] };
    expect(await runHook(isolate, hook, "saved", 7)).toBe("saved:7");
    expect(await runHook(isolate, hook, "broken", 7)).toBeNull();
  });

  it("has an event sent on, whoever may listen", async () => {
    const code = `export default function (event) {
      channel.emit("processed", { ...event, at: Date.now() });
      return event;
    }`;
    const input = { type: "user.login", userId: 123 };
    const output = await isolate.execute({ code, input, tools: ["channel"] });
    expect(output).toMatchObject({ ok: true, result: input });
  });

  it.each([
    [{ amount: 2_000, items: [] }, 0.1],
    [{ amount: 10, items: [1, 2, 3, 4, 5, 6] }, 0.05],
    [{ amount: 10, items: [1] }, 0],
  ])("finds the discount of %j by a rule", async (order, discount) => {
    const code = `export default function rule({ amount, items }) {
      if (amount > 1_000) return { discount: 0.1 };
      return { discount: items.length > 5 ? 0.05 : 0 };
    }`;
    expect(await isolate.execute({ code, input: order })).toMatchObject({ result: { discount } });
  });

  it("runs more functions at once than there are sandboxes", async () => {
    const requests = Array.from({ length: 12 }, (_, payload) => ({
      functionCode:
        "export default async (n) => { await new Promise((r) => setTimeout(r, 5)); return n * n }",
      payload,
    }));
    expect(await runAll(isolate, requests)).toEqual(requests.map(({ payload }) => payload ** 2));
  });
});

it("an HTTP application of one's own sends the output on, and keeps the error", async () => {
  const kept: unknown[] = [];
  const app = new Hono().post("/execute", async (context) => {
    const output = await isolate.execute(await context.req.json());
    if (!output.ok) kept.push([output.error.name, output.error.message, output.duration]);
    return context.json(output);
  });
  const post = async (code: string) => {
    const body = JSON.stringify({ code });
    return (await app.request("/execute", { method: "POST", body })).json();
  };
  expect(await post("export default () => 42")).toMatchObject({ ok: true, result: 42 });
  const failed = await post("export default () => { throw new RangeError('far') }");
  expect(failed).toMatchObject({ ok: false, logs: [{ name: "RangeError", message: "far" }] });
  expect(failed).not.toHaveProperty("error");
  expect(kept).toEqual([["RangeError", "far", expect.any(Number)]]);
});

describe("code", () => {
  it("that handles its own error is told of in the log", async () => {
    const code = `export default (input) => {
      try {
        if (!input) throw new Error("Input required");
        return input;
      } catch (error) {
        console.error("Processing failed:", error.message);
        return null;
      }
    }`;
    const output = await isolate.execute({ code, input: 0 });
    const logs = [{ level: "error", message: "Processing failed: Input required" }];
    expect(output).toMatchObject({ ok: true, result: null, logs });
  });

  it("of CommonJS fails with advice", async () => {
    const output = await isolate.execute({ code: "module.exports = (x) => x * 2", input: 1 });
    expect(output.error).toMatchObject({
      name: "ReferenceError",
      message: "module is not defined",
      hint: expect.stringContaining("ES module"),
    });
  });

  it.each(["crypto.randomUUID()", "channel.emit('a', 1)", "db.users.select()"])(
    "that did not ask for a tool has none: %s",
    async (call) => {
      const { error } = await isolate.execute({ code: `export default () => ${call}`, tools: [] });
      const [name] = call.split(".");
      expect(error).toMatchObject({ name: "ReferenceError", message: `${name} is not defined` });
    },
  );

  it("writes each level of the console, in order, with its arguments joined", async () => {
    const code = `export default () => {
      console.log("a", 1, null, undefined, true);
      console.info({ list: [1, 2] }, "b");
      console.warn(["c"]);
      const circle = { name: "d" };
      circle.self = circle;
      console.error(circle);
      console.debug("e");
    }`;
    const before = Date.now();
    const { logs = [] } = await isolate.execute({ code });
    expect(logs.map(({ level, message }) => `[${level}] ${message}`)).toEqual([
      "[log] a 1 null undefined true",
      '[info] {"list":[1,2]} b',
      '[warn] ["c"]',
      expect.stringMatching(/^\[error\] .*d.*Circular/),
      "[log] e",
    ]);
    for (const { timestamp } of logs) {
      expect(timestamp).toBeGreaterThanOrEqual(before);
      expect(timestamp).toBeLessThanOrEqual(Date.now());
    }
  });
});

describe("the error of an output", () => {
  it.each([
    ["a mistake", "export default (x) => x.foo.bar", "TypeError", /bar/],
    [
      "a missing name",
      "export default () => nothing",
      "ReferenceError",
      /^nothing is not defined$/,
    ],
    ["no function", "export default (x) => x()", "TypeError", /^x is not a function$/],
    ["text that is no code", "export default (x) => { return x +", "SyntaxError", /./],
    ["a number", "export default () => { throw 404 }", "Exception", /^404$/],
    ["a text", "export default () => { throw 'no' }", "Exception", /^no$/],
    ["an entry", "export const other = 1", "EntryError", /^Entry "default" is not a function$/],
    [
      "a timer",
      "export default () => { setTimeout(() => { throw new RangeError('late') }, 5) }",
      "RangeError",
      /^late$/,
    ],
    ["a promise", "export default () => { Promise.reject(new Error('lost')) }", "Error", /^lost$/],
  ])("is that of %s", async (_what, code, name, message) => {
    const output = await isolate.execute({ code, input: {} });
    expect(output.ok).toBe(false);
    expect(output.error).toMatchObject({ level: "exception", name });
    expect(output.error?.message).toMatch(message);
    expect(output.logs?.at(-1)).toEqual(output.error);
    expect(JSON.stringify(output)).not.toContain('"error":');
  });

  it("shows where the code failed", async () => {
    const { error } = await isolate.execute({ code: "\nexport default (x) => x.a.b", input: {} });
    expect(error?.stack).toMatch(/^TypeError: .*\n +at default \(main\.ts:2:/);
  });

  it("is there although a plugin has taken the log away", async () => {
    const output = await isolate.execute({ code: "// silenced\nexport default () => nothing" });
    expect(output).not.toHaveProperty("logs");
    expect(output.error).toMatchObject({
      name: "Exception",
      message: "The execution failed: exception",
    });
    const fine = await isolate.execute({ code: "// silenced\nexport default () => 1" });
    expect([fine.ok, fine.error]).toEqual([true, undefined]);
  });
});
