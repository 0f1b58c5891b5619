/** Tests that each message of docs/guides/mistakes.md is what a caller gets for the mistake. */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSettings } from "../../server/settings.ts";
import { engineSocket } from "../../src/engines/container/docker.ts";
import { silentEngine } from "../../src/engines/explain/host-faults.ts";
import { pageAt } from "../helpers/pages.ts";
import { TestServer } from "../helpers/server.ts";
import { pluginFaults } from "./plugin-faults.ts";
import { TenantMistakes } from "./tenant-mistakes.ts";

type Told = () => Promise<string> | string;

let server: TestServer;
let tenants: TenantMistakes;
beforeAll(async () => {
  tenants = await TenantMistakes.start();
  server = await TestServer.start({
    ISOLATE_ENGINE: "none",
    ISOLATE_ENV: '{"GREETING":"Hello"}',
    DATABASE_URL: "",
    ISOLATE_NPM_REGISTRY: "",
  });
  for (const [name, kind] of [
    ["v", "value"],
    ["h", "http"],
  ]) {
    await send("PUT", `/functions/${name}`, { kind, code: "export default () => new Response()" });
  }
});
afterAll(async () => {
  expect([...(await server.dispose()), ...(await tenants.stop())]).toEqual([]);
});

interface Answer {
  readonly error?: { readonly message: string };
  readonly logs?: readonly { readonly message: string; readonly hint?: string }[];
  readonly warnings?: readonly string[];
}

/** Sends a request and returns what its sender reads: a message, a hint or a warning. */
async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = { "Content-Type": "application/json" },
): Promise<string> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers,
    ...(text !== undefined && { body: text }),
  });
  const { error, logs = [], warnings = [] } = (await response.json()) as Answer;
  const last = logs.at(-1);
  return error?.message ?? last?.hint ?? last?.message ?? warnings[0] ?? "nothing";
}

const execute = (body: object | string): Told => {
  return () => send("POST", "/execute", body);
};
const code = (code: string, more: object = {}): Told => execute({ code, ...more });
/** Evaluates an expression in the entry. */
const does = (expression: string): Told => code(`export default () => ${expression}`);
const asks = (permissions: unknown): Told => code("export default () => 1", { permissions });
const deploys = (body: object): Told => {
  return () => send("PUT", "/functions/w", body);
};
const gets = (path: string, method = "GET", body?: unknown): Told => {
  return () => send(method, path, body);
};
const sets = (env: Record<string, string>): Told => {
  return () => {
    try {
      engineSocket(readSettings(env).containers?.host);
      return "nothing";
    } catch (error) {
      return (error as Error).message;
    }
  };
};

/** `fetch` sends no `Host` of a caller's choice. */
function byName(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${server.url}/functions`, { headers: { Host: host } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve((JSON.parse(text) as Answer).error?.message ?? ""));
    });
    sent.on("error", reject).end();
  });
}

async function twice(): Promise<string> {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": "k" };
  await send("POST", "/execute", { code: "export default () => 1" }, headers);
  return send("POST", "/execute", { code: "export default () => 2" }, headers);
}

const ONE = "export default () => 1";

/** Mistakes, in the order of the page. */
const MISTAKES: readonly Told[] = [
  execute({}),
  execute({ cod: ONE }),
  code(ONE, { env: { A: "1" } }),
  () => send("POST", "/execute", "{}", {}),
  execute("{code: 1}"),
  execute([]),
  gets("/execute/batch", "POST", {}),
  code(ONE, { timeout: 1e9 }),
  code(ONE, { memory: 64 }),
  code(ONE, { memory: 4_096 }),
  code(ONE, { reuse: "always" }),
  code(ONE, { sandbox: "none" }),
  code(ONE, { sandbox: "container" }),
  gets("/exectue"),
  gets("/execute"),
  () => byName("evil.example"),
  gets("/admin/tenants"),
  twice,
  gets("/executions?limit=9999"),
  gets("/executions/nope"),
  gets("/jobs/nope"),
  code("const x = 1"),
  code("export default 5"),
  code(ONE, { entry: "main" }),
  code("export const b = () => 1"),
  does("require('fs')"),
  does("window.x"),
  does("crypto.randomUUID()"),
  code('import x from "lodash"; export default () => x'),
  code('import x from "https://esm.sh/a.js"; export default () => x'),
  code('import x from "./a.js"; export default () => x'),
  does("Deno.readTextFileSync('/data/a.txt')"),
  does("new Deno.Command('ls').output()"),
  does("Deno.env.get('HOME')"),
  does("process.env.HOME"),
  does("fetch('/api')"),
  does("fetch('http://example.com')"),
  does("1n"),
  does("() => 1"),
  does("{ const a = {}; a.a = a; return a; }"),
  does("'x'.repeat(1e7)"),
  code("export default () => { while (true) {} }", { timeout: 50 }),
  does("process.exit(1)"),
  asks({ net: ["https://x.org/"] }),
  asks("all"),
  asks({ run: ["ls"] }),
  asks({ net: ["x.org"] }),
  asks({ env: ["GREETNG"] }),
  asks({ read: ["/etc/passwd"] }),
  asks({ read: ["data"] }),
  asks({ write: ["/tmp"] }),
  code(ONE, { tools: ["dbs"] }),
  code(ONE, { tools: ["db"] }),
  code(ONE, { dependencies: { lodash: "1" } }),
  gets("/functions/nope/invoke", "POST", {}),
  gets("/functions/v/invoke", "POST", { version: 9 }),
  gets("/f/default/v/"),
  gets("/functions/h/invoke", "POST", {}),
  gets("/functions/v/invoke", "POST", { x: 9 }),
  deploys({ code: "export const a = 1" }),
  deploys({ code: "export default (" }),
  deploys({ files: { "a.ts": ONE } }),
  deploys({ files: { "main.ts": 'import "./b.ts"; export default 1' } }),
  ...TenantMistakes.all.map((mistake) => () => mistake(tenants)),
  // Only this server has no key for secrets.
  gets("/secrets/TOKEN", "PUT", { value: "long enough" }),
  sets({ ISOLATE_POOL: "3" }),
  sets({ ISOLATE_POOL_MIN: "few" }),
  sets({ HOST: "0.0.0.0" }),
  sets({ ISOLATE_CORS: "https://app.example/page" }),
  sets({ ISOLATE_FUNCTION_HOSTS: "functions.example" }),
  ...pluginFaults,
  sets({ DOCKER_HOST: "tcp://127.0.0.1:2375" }),
  // tests/e2e/server.test.ts has it from a server without an engine.
  () => silentEngine("/s", Object.assign(new Error(), { code: "ENOENT" })).message,
];

const rows = pageAt("docs/guides/mistakes.md")
  .text.split("\n")
  .flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? []);

/** Makes the pattern of a message, in which `…` stands for any text; one that code has is itself. */
function patternOf(message: string): RegExp {
  const parts = message.split(/(?<!\{ )…(?! \})/);
  return new RegExp(
    `^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`,
    "s",
  );
}

it("the page has a row for each mistake", () => {
  expect(rows.length).toBeGreaterThanOrEqual(50);
  expect(new Set(rows).size).toBe(rows.length);
  expect(MISTAKES.length).toBe(rows.length);
});

it("each mistake gets the message of its row", async () => {
  const told: string[] = [];
  for (const mistake of MISTAKES) told.push(await mistake());
  const wrong = rows.flatMap((row, index) => {
    const said = told[index] ?? "";
    return patternOf(row).test(said) ? [] : [{ row, said }];
  });
  expect(wrong).toEqual([]);
}, 60_000);
