import { describe, expect, it } from "vitest";
import { MEASURED } from "../helpers/measured.ts";
import type { Caller } from "./caller.ts";

const entry = (level: string, message: string) => ({
  level,
  message,
  timestamp: expect.any(Number),
});
const exception = (name: string, message: unknown) => ({
  ...entry("exception", ""),
  name,
  message,
});

/**
 * Runs the published examples that need no database and no network. As in the examples, requests do
 * not name a level; `level` is the default.
 */
export function publishedExamples(
  name: string,
  current: () => Caller,
  { isolation = true } = {},
): void {
  const execute: Caller["execute"] = (request) => current().execute(request);
  describe(`published examples ${name}`, () => {
    cases(execute, current);
    if (isolation) imports(execute);
  });
}

function cases(execute: Caller["execute"], current: () => Caller): void {
  it("simple calculation", async () => {
    const output = await execute({ code: "export default (x) => x * 2", input: 21 });
    expect(output).toEqual({ ok: true, outcome: "ok", result: 42, ...MEASURED });
  });

  it("named entry", async () => {
    const code = "export function add(x) { return x.a + x.b }";
    const output = await execute({ code, input: { a: 1, b: 2 }, entry: "add" });
    expect(output).toMatchObject({ ok: true, result: 3 });
    expect(output).not.toHaveProperty("logs");
  });

  it("error handling", async () => {
    const code =
      'export default function(x) { if (!x) throw new Error("Input is required"); return x * 2; }';
    const output = await execute({ code, input: null });
    expect(output).toEqual({
      ok: false,
      logs: [{ ...exception("Error", "Input is required"), stack: expect.any(String) }],
      outcome: "exception",
      ...MEASURED,
    });
    expect(output.logs?.[0]?.stack).toMatch(/^Error: Input is required\n {4}at default \(/);
  });

  it("timeout control", async () => {
    const code = "export default function() { while(true) {} }";
    // The timeout includes the wait for a sandbox; here it must count only the code.
    await current().ready();
    const output = await execute({ code, timeout: 1_000 });
    expect(output).toEqual({
      ok: false,
      logs: [exception("TimeoutError", "Execution timeout")],
      outcome: "timeout",
      ...MEASURED,
    });
    // The milliseconds until a sandbox is ready are part of the timeout, but not of the duration.
    expect(output.duration).toBeGreaterThanOrEqual(900);
  });

  it("asynchronous function", async () => {
    const code =
      "export default async function(items) { const results = await Promise.all(items.map(async (item) => { await new Promise(r => setTimeout(r, 10)); return item.toUpperCase(); })); return results; }";
    const output = await execute({
      code,
      input: ["hello", "world", "deno"],
      timeout: 5_000,
    });
    expect(output).toMatchObject({ ok: true, result: ["HELLO", "WORLD", "DENO"] });
  });

  it("logging", async () => {
    const code =
      'export default function(data) { console.log("Processing data:", data); const result = data.map(x => x * 2); console.log("Result:", result); return result; }';
    const output = await execute({ code, input: [1, 2, 3, 4, 5] });
    expect(output).toEqual({
      ok: true,
      result: [2, 4, 6, 8, 10],
      logs: [entry("log", "Processing data: [1,2,3,4,5]"), entry("log", "Result: [2,4,6,8,10]")],
      outcome: "ok",
      ...MEASURED,
    });
  });

  it("calculation with logs", async () => {
    const code = `export default (n) => {
      console.log("开始计算斐波那契")
      console.info(\`输入: n = \${n}\`)
      if (n <= 1) { console.warn("n 太小，直接返回"); return n }
      let a = 0, b = 1
      for (let i = 2; i <= n; i++) { console.log(\`第 \${i} 项: \${a + b}\`); [a, b] = [b, a + b] }
      console.info("计算完成")
      return b
    }`;
    const output = await execute({ code, input: 5 });
    expect(output).toMatchObject({ ok: true, result: 5 });
    expect(output.logs).toEqual([
      entry("log", "开始计算斐波那契"),
      entry("info", "输入: n = 5"),
      ...[1, 2, 3, 5].map((term, i) => entry("log", `第 ${i + 2} 项: ${term}`)),
      entry("info", "计算完成"),
    ]);
  });

  it.each([
    ["syntax error", "export default (x) => { return x +  // wrong", "SyntaxError", /\S/],
    ["runtime error", "export default (x) => { return x.foo.bar }", "TypeError", /bar/],
    ["error that is no Error", "export default (x) => { throw 404 }", "Exception", /^404$/],
    [
      "entry error",
      'export default "not a function"',
      "EntryError",
      /^Entry "default" is not a function$/,
    ],
    [
      "global error",
      'export default () => { setTimeout(() => { throw new Error("异步错误") }, 10) }',
      "Error",
      /^异步错误$/,
    ],
    [
      "unhandled rejection",
      'export default async () => { Promise.reject("Promise 失败") }',
      "Exception",
      /^Promise 失败$/,
    ],
  ])("%s", async (_what, code, name, message) => {
    const output = await execute({ code, input: {} });
    expect(output).toMatchObject({ ok: false, duration: expect.any(Number) });
    expect(output).not.toHaveProperty("result");
    expect(output.logs).toHaveLength(1);
    expect(output.logs?.[0]).toMatchObject(exception(name, expect.stringMatching(message)));
  });

  it("crypto tool: random values and identifiers", async () => {
    const code =
      "export default function() { const uuid = crypto.randomUUID(); const bytes = new Uint8Array(16); crypto.getRandomValues(bytes); return { uuid, bytes: Array.from(bytes) }; }";
    const output = await execute({ code, tools: ["crypto", "crypto"] });
    expect(output).toMatchObject({
      ok: true,
      result: { uuid: expect.stringMatching(/^[0-9a-f-]{36}$/), bytes: expect.any(Array) },
    });
  });

  it("crypto tool: hash", async () => {
    const code =
      'export default async function(text) { const encoder = new TextEncoder(); const data = encoder.encode(text); const hash = await crypto.subtle.digest("SHA-256", data); return Array.from(new Uint8Array(hash)).map(b => b.toString(16).padStart(2, "0")).join(""); }';
    const output = await execute({ code, input: "Hello, World!", tools: ["crypto"] });
    const result = "dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f";
    expect(output).toMatchObject({ ok: true, result });
  });

  it("channel tool: a message nobody waits for", async () => {
    const code =
      'export default function(message) { console.log("Sending message:", message); channel.emit("notification", { type: "info", text: message, timestamp: Date.now() }); return "Message sent successfully"; }';
    const output = await execute({ code, input: "Task completed", tools: ["channel"] });
    expect(output).toEqual({
      ok: true,
      result: "Message sent successfully",
      logs: [entry("log", "Sending message: Task completed")],
      outcome: "ok",
      ...MEASURED,
    });
  });

  it("channel tool: from one container, and one process, to another container", async () => {
    const listen =
      "export default async function() { return new Promise((resolve) => { const got = []; channel.on('chat', (msg) => { console.log('Received: ' + msg.text); got.push(msg.user); if (got.length === 2) resolve(got); }); console.log('ready'); }); }";
    const say =
      "export default async function(user) { for (let i = 0; i < 200; i++) { channel.emit('chat', { user, text: 'Hello from ' + user }); await new Promise((r) => setTimeout(r, 20)); } return 'Sent'; }";
    const request = { tools: ["channel"], timeout: 20_000 };
    const [heard, ...said] = await Promise.all([
      execute({ ...request, code: listen }),
      execute({ ...request, code: say, input: "Alice" }),
      execute({ ...request, code: say, input: "Bob", sandbox: "isolated" }),
    ]);
    expect(said).toMatchObject([
      { ok: true, result: "Sent" },
      { ok: true, result: "Sent" },
    ]);
    expect(heard).toMatchObject({ ok: true });
    for (const user of heard.result as string[]) expect(["Alice", "Bob"]).toContain(user);
    expect(heard.logs?.at(-1)?.message).toMatch(/^Received: Hello from (Alice|Bob)$/);
  });

  it("a tool that was not asked for", async () => {
    const output = await execute({ code: "export default () => crypto.randomUUID()" });
    const hint = 'Add "crypto" to "tools"';
    expect(output.logs).toMatchObject([
      { ...exception("ReferenceError", "crypto is not defined"), hint },
    ]);
  });

  it("a caught error, logged before it is thrown on", async () => {
    const code = 'export default () => { console.log("开始执行"); throw new Error("出错了") }';
    const output = await execute({ code });
    expect(output.logs).toMatchObject([entry("log", "开始执行"), exception("Error", "出错了")]);
  });

  it.each([
    [
      "validates an e-mail",
      "export default function(email) { const regex = /^[^@]+@[^@]+\\.[^@]+$/; return regex.test(email); }",
      "user@example.com",
      true,
    ],
    [
      "filters and maps",
      "export default function(data) { return data.filter(item => item.active).map(item => ({ id: item.id, name: item.name.toUpperCase() })); }",
      [
        { id: 1, name: "a", active: true },
        { id: 2, name: "b", active: false },
      ],
      [{ id: 1, name: "A" }],
    ],
    [
      "evaluates a rule",
      "export default function evaluateRule(order) { if (order.amount > 1000) return { discount: 0.1 }\n if (order.items.length > 5) return { discount: 0.05 }\n return { discount: 0 } }",
      { amount: 1, items: [1, 2, 3, 4, 5, 6] },
      { discount: 0.05 },
    ],
    [
      "sums numbers",
      "export default function(numbers) { return numbers.reduce((sum, n) => sum + n, 0); }",
      [1, 2, 3, 4, 5],
      15,
    ],
    [
      "TypeScript",
      "type Item = { price: number; quantity: number };\nexport default (items: Item[]): number => items.reduce((sum: number, { price, quantity }) => sum + price * quantity, 0);",
      [{ price: 2, quantity: 3 }],
      6,
    ],
  ])("%s", async (_what, code, input, result) => {
    expect(await execute({ code, input })).toMatchObject({ ok: true, result });
  });
}

/** Tests imports that level `none` allows and a sandbox does not. */
function imports(execute: Caller["execute"]): void {
  it.each([
    ["a bare name", "import _ from 'lodash';\nexport default () => _", /bundle/],
    ["a remote module", "import _ from 'https://esm.sh/lodash';\nexport default () => _", /bundle/],
    ["another file", "import _ from './x.ts';\nexport default () => _", /no other files/],
  ])("an import of %s", async (_what, code, hint) => {
    const output = await execute({ code });
    expect(output.logs).toHaveLength(1);
    expect(output.logs?.[0]).toMatchObject({ hint: expect.stringMatching(hint) });
  });
}
