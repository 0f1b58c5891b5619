/** Tests tools for models with the official client, over a server with tenants and containers. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import {
  getDefaultEnvironment,
  StdioClientTransport,
} from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { LoggingMessageNotification } from "@modelcontextprotocol/sdk/types.js";
import {
  LoggingMessageNotificationSchema,
  type Progress,
} from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { REUSING, TestServer } from "../helpers/server.ts";

const ADMIN_KEY = "operator-".repeat(4);

const ONE = "export default () => 1";

interface Result {
  readonly isError?: boolean;
  readonly content: { readonly text: string }[];
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
  readonly structuredContent?: any;
}

let server: TestServer;
let key: string;
let client: Client;
const logged: LoggingMessageNotification["params"][] = [];

async function admin(method: string, path: string, body: object): Promise<{ key: string }> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" };
  const response = await fetch(`${server.url}/admin/tenants/${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  });
  return response.json() as Promise<{ key: string }>;
}

async function tenant(id: string, settings: object = {}): Promise<string> {
  await admin("PUT", id, settings);
  return (await admin("POST", `${id}/keys`, {})).key;
}

async function connected(bearer: string): Promise<Client> {
  const made = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${bearer}` } };
  const url = new URL(`${server.url}/mcp`);
  const transport = new StreamableHTTPClientTransport(url, { requestInit });
  await made.connect(transport as Parameters<Client["connect"]>[0]);
  return made;
}

async function call(name: string, args: object, by = client): Promise<Result> {
  // On a busy machine, a sandbox takes long to begin.
  const patient = name === "execute" ? { timeout: 20_000, ...args } : { ...args };
  return (await by.callTool({ name, arguments: patient })) as Result;
}

async function get(path: string): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(`${server.url}${path}`, { headers })).json() as never;
}

/** Sends a body as it is. */
async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/mcp`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const executing = (args: object, id: number | string = 1): string =>
  JSON.stringify({
    ...{ jsonrpc: "2.0", id, method: "tools/call" },
    params: { name: "execute", arguments: args },
  });

beforeAll(async () => {
  server = await TestServer.start({
    ...REUSING,
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
    ISOLATE_POOL_MAX: "8",
    // Nobody listens there.
    ISOLATE_NPM_REGISTRY: "http://127.0.0.1:1/",
  });
  key = await tenant("acme");
  client = await connected(key);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push(params);
  });
});
afterAll(async () => {
  await client.close();
  expect(await server.dispose()).toEqual([]);
});

describe("POST /mcp", () => {
  it("introduces itself, and lists its tools with what they take", async () => {
    expect(client.getServerVersion()).toMatchObject({ name: "isolate" });
    expect(client.getServerCapabilities()).toMatchObject({ tools: {}, logging: {} });
    expect(client.getInstructions()).toContain("execute");
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      "execute",
      "continue",
      "plan",
      "deploy",
      "logs",
    ]);
    const [execute] = tools;
    expect(execute?.description).toContain("default export");
    expect(execute?.inputSchema).toMatchObject({
      required: ["code"],
      properties: { code: { type: "string" }, permissions: {}, dependencies: {} },
    });
    await client.ping();
  });

  it("runs code, and tells its logs meanwhile and its result as text and value", async () => {
    const code =
      "export default async ({ a }) => { console.log('one'); console.warn('two'); return { a: a * 2 } }";
    const result = await call("execute", { code, input: { a: 21 } });
    expect(result).toMatchObject({
      structuredContent: { ok: true, outcome: "ok", result: { a: 42 } },
    });
    expect(result.isError).toBeUndefined();
    expect(JSON.parse(result.content[0]?.text ?? "")).toEqual(result.structuredContent);
    expect(logged).toEqual([
      { level: "info", logger: "execute", data: expect.objectContaining({ message: "one" }) },
      { level: "warning", logger: "execute", data: expect.objectContaining({ message: "two" }) },
    ]);
    const { id } = result.structuredContent;
    expect(await get(`/executions/${id}`)).toMatchObject({
      ...{ via: "mcp", level: "container", outcome: "ok" },
    });
    const logs = await call("logs", { execution: id });
    expect(logs.structuredContent).toMatchObject({ id, logs: [{ message: "one" }, {}] });
  });

  it("answers plain JSON to those who take no events, and several messages at once", async () => {
    const { status, headers, text } = await post(`[${ping},${executing({ code: ONE }, "x")}]`);
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(JSON.parse(text)).toEqual([
      { jsonrpc: "2.0", id: 1, result: {} },
      expect.objectContaining({ id: "x", result: expect.objectContaining({}) }),
    ]);
    expect((await post('{"jsonrpc":"2.0","method":"notifications/initialized"}')).status).toBe(202);
  });

  it("says what a failure needs: the exception, its hint, and the permission", async () => {
    const thrown = await call("execute", {
      code: "export default () => { throw new TypeError('no') }",
    });
    expect(thrown).toMatchObject({ isError: true, structuredContent: { outcome: "exception" } });
    expect(thrown.content[0]?.text).toContain("TypeError: no");
    const code = "export default async () => (await fetch('https://example.com')).status";
    const denied = await call("execute", { code });
    expect(denied.isError).toBe(true);
    expect(denied.content[0]?.text).toMatch(/Hint: .*net/);
    expect(denied.content[0]?.text).toContain(
      'Denied: net example.com:443; allow it by {"permissions"',
    );
    const plan = await call("plan", { code, permissions: { net: ["example.com"] } });
    expect(JSON.stringify(plan.structuredContent)).toContain("example.com");
  });

  it("lets a model mend its arguments", async () => {
    const wrong = await call("execute", { code: ONE, permisions: {} });
    expect(wrong).toMatchObject({
      isError: true,
      structuredContent: { error: { code: "BAD_REQUEST", field: "permisions", status: 400 } },
    });
    expect(wrong.content[0]?.text).toContain('did you mean "permissions"');
    expect(await call("logs", {})).toMatchObject({ isError: true });
    expect(await call("deploy", { name: "a b", code: ONE })).toMatchObject({ isError: true });
    await expect(call("nothing", {})).rejects.toMatchObject({ code: -32602 });
  });

  it("sends a large input and a large result once", async () => {
    const input = Array.from({ length: 50_000 }, (_, n) => n);
    const result = await call("execute", { code: "export default (all) => all", input });
    expect(result.structuredContent).toBeUndefined();
    expect(JSON.parse(result.content[0]?.text ?? "").result).toEqual(input);
  });

  it("tells of packages as progress, and of a registry that is away as an error", async () => {
    const steps: Progress[] = [];
    const asked = { code: `import "zod"; ${ONE}`, dependencies: { zod: "4" } };
    const calling = client.callTool({ name: "execute", arguments: asked }, undefined, {
      onprogress: (step) => void steps.push(step),
    });
    await expect(calling).rejects.toMatchObject({
      ...{ code: -32000, data: { code: "REGISTRY_UNAVAILABLE", status: 503 } },
    });
    expect(steps).toEqual([{ progress: 1, message: "Packages: resolving" }]);
  });
});

describe("a call that nobody waits for", () => {
  const code =
    "export default async () => { console.log('begun'); await new Promise(() => setTimeout(() => {}, 1e6)) }";
  const endless = { code, timeout: 100_000 };
  const aborted = async (): Promise<number> => {
    const { executions } = await get("/executions?via=mcp&outcome=aborted");
    return (executions as unknown[]).length;
  };

  it("ends its execution once the client cancels it", async () => {
    logged.length = 0;
    const cancel = new AbortController();
    const calling = client.callTool({ name: "execute", arguments: endless }, undefined, {
      signal: cancel.signal,
    });
    await until(() => logged.length === 1);
    cancel.abort("enough");
    await expect(calling).rejects.toThrow("enough");
    await until(async () => (await aborted()) === 1);
  });

  it("is not ended by another client's message about the same id", async () => {
    const cancel =
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"n"}}';
    const short = "export default () => new Promise((done) => setTimeout(done, 500, 1))";
    const running = post(executing({ code: short }, "n"), { "mcp-session-id": "mine" });
    for (const session of ["other", "", "mine\u00e9"]) {
      expect((await post(cancel, { "mcp-session-id": session })).status).toBe(202);
    }
    const theirs = { "mcp-session-id": "mine", authorization: `Bearer ${await tenant("foe")}` };
    expect((await post(cancel, theirs)).status).toBe(202);
    expect(JSON.parse((await running).text)).toMatchObject({
      result: { structuredContent: { result: 1 } },
    });
  });

  it.each(["application/json, text/event-stream", "*/*"])(
    "ends it once its connection closes: %s",
    async (accept) => {
      const before = await aborted();
      const leave = new AbortController();
      const calling = fetch(`${server.url}/mcp`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", accept },
        body: executing({ ...endless, code: `${code};` }),
        signal: leave.signal,
      }).then((response) => response.text());
      const running = async () =>
        await (
          await fetch(`${server.url}/metrics`, {
            headers: { authorization: `Bearer ${ADMIN_KEY}` },
          })
        ).text();
      await until(async () =>
        /isolate_sandboxes\{level="container",state="leased"\} [1-9]/.test(await running()),
      );
      leave.abort();
      await expect(calling).rejects.toThrow();
      await until(async () => (await aborted()) === before + 1);
    },
  );
});

describe("a deployed function", () => {
  const schema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
  const code = "export default ({ name }) => { console.log('called'); return 'Hello, ' + name }";

  it("with a schema is a tool of its tenant, and of no other", async () => {
    const args = { name: "greet", code, schema, description: "Greets somebody" };
    const deployed = await call("deploy", args);
    expect(deployed.structuredContent).toMatchObject({
      ...{ name: "greet", version: 1, schema, description: "Greets somebody" },
      request: { reuse: "code" },
    });
    await call("deploy", { name: "plain", code });
    await call("deploy", { name: "execute", code, schema });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...["execute", "continue", "plan", "deploy", "logs", "greet"],
    ]);
    expect(tools.at(-1)).toEqual({
      name: "greet",
      description: "Greets somebody",
      inputSchema: schema,
    });
    const greeted = await call("greet", { name: "Ada" });
    expect(greeted.structuredContent).toMatchObject({ result: "Hello, Ada" });
    expect(await get(`/executions/${greeted.structuredContent.id}`)).toMatchObject({
      ...{ via: "mcp", function: "greet", version: 1 },
    });
    const logs = await call("logs", { function: "greet" });
    expect(logs.structuredContent.executions[0].logs).toMatchObject([{ message: "called" }]);
    await expect(call("plain", {})).rejects.toMatchObject({ code: -32602 });

    const stranger = await connected(await tenant("stranger"));
    expect((await stranger.listTools()).tools).toHaveLength(5);
    await expect(call("greet", { name: "Ada" }, stranger)).rejects.toMatchObject({ code: -32602 });
    expect(await call("logs", { function: "greet" }, stranger)).toMatchObject({
      ...{ isError: true, structuredContent: { error: { code: "FUNCTION_NOT_FOUND" } } },
    });
    const execution = greeted.structuredContent.id;
    expect(await call("logs", { execution }, stranger)).toMatchObject({ isError: true });
    await stranger.close();
  });

  it("is the only tool of a key that may call it alone", async () => {
    const narrow = await connected(
      (await admin("POST", "acme/keys", { scopes: ["invoke:greet"] })).key,
    );
    expect((await narrow.listTools()).tools.map(({ name }) => name)).toEqual([
      ...["continue", "greet"],
    ]);
    expect((await call("greet", { name: "Bo" }, narrow)).structuredContent).toMatchObject({
      ok: true,
    });
    for (const name of ["execute", "plan", "deploy", "logs"]) {
      const refused = await call(name, { code: ONE, name: "greet" }, narrow);
      expect(refused.structuredContent).toMatchObject({ error: { code: "WRONG_SCOPE" } });
    }
    await narrow.close();
  });

  it("keeps its schema when it is deployed again, and is listed page by page", async () => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const again = await fetch(`${server.url}/functions/greet/redeploy`, {
      method: "POST",
      headers,
    });
    expect(await again.json()).toMatchObject({
      version: 2,
      schema,
      description: "Greets somebody",
    });
    const names = Array.from({ length: 51 }, (_, n) => `p${String(n).padStart(2, "0")}`);
    for (const name of names) {
      const body = JSON.stringify({ code: ONE, schema: { type: "object" } });
      await fetch(`${server.url}/functions/${name}`, { method: "PUT", headers, body });
    }
    const first = await client.listTools();
    expect(first.tools).toHaveLength(5 + 49);
    const { tools, nextCursor } = await client.listTools({ cursor: first.nextCursor });
    expect([tools.map(({ name }) => name), nextCursor]).toEqual([["p48", "p49", "p50"], undefined]);
    await expect(client.listTools({ cursor: "a b" })).rejects.toMatchObject({ code: -32602 });
  });

  it.each([
    ["another type", { type: "string" }, {}],
    ["properties that are none", { type: "object", properties: { a: 1 } }, {}],
    ["more than 16 KiB", { type: "object", title: "x".repeat(17_000) }, {}],
    ["many levels", JSON.parse(`{"type":"object","a":${"[".repeat(50)}${"]".repeat(50)}}`), {}],
    ["a function that answers requests", { type: "object" }, { kind: "http" }],
  ])("is refused with a schema of %s", async (_what, wrong, more) => {
    const refused = await call("deploy", { name: "bad", code: ONE, schema: wrong, ...more });
    expect(refused).toMatchObject({
      ...{ isError: true, structuredContent: { error: { field: "schema" } } },
    });
  });
});

/** Text that is replaced by a deep value, which cannot be written by recursion. */
const DEEP = "a deep value";

describe("a bad message", () => {
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  it.each<[what: string, status: number, body: string, headers?: Record<string, string>]>([
    ["no JSON", 400, "{"],
    ["no object", 400, "1"],
    ["no message", 400, '{"a":1}'],
    ["no messages", 400, "[]"],
    ["too many messages", 400, `[${Array(21).fill(ping).join()}]`],
    ["two of one id", 400, `[${ping},${ping}]`],
    ["a long id", 400, executing({}, "x".repeat(300))],
    ["a deep one", 400, deep],
    ["one of another version", 400, ping, { "mcp-protocol-version": "1999-01-01" }],
    [
      "two of which one begins",
      400,
      `[${ping},{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}]`,
    ],
    ["one of another type", 415, ping, { "content-type": "text/plain" }],
    ["one of another site's page", 403, ping, { origin: "https://evil.example" }],
    ["one without a key", 401, ping, { authorization: "" }],
    ["one with the operator's key", 403, ping, { authorization: `Bearer ${ADMIN_KEY}` }],
  ])("is refused: %s", async (_what, status, body, headers) => {
    const refused = await post(body, headers);
    expect(refused.status).toBe(status);
    expect(JSON.parse(refused.text)).toMatchObject({
      ...{ jsonrpc: "2.0", id: null },
      error: { code: expect.any(Number), data: { requestId: expect.any(String) } },
    });
  });

  it.each([
    ["a deep input", { code: ONE, input: DEEP }],
    ["deep permissions", { code: ONE, permissions: DEEP }],
    ["another type", { code: [] }],
  ])("is refused as arguments: %s", async (_what, args) => {
    const { status, text } = await post(executing(args).replace(`"${DEEP}"`, deep));
    expect([status, JSON.parse(text)]).toMatchObject([200, { result: { isError: true } }]);
  });

  it("is refused beyond the tenant's bytes", async () => {
    const authorization = `Bearer ${await tenant("small", { bodyBytes: 1_024 })}`;
    const refused = await post(executing({ code: "x".repeat(2_000) }), { authorization });
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
      ...[413, { error: { data: { code: "PAYLOAD_TOO_LARGE" } } }],
    ]);
  });

  it("is no request of another kind", async () => {
    for (const method of ["GET", "DELETE", "PUT"]) {
      const response = await fetch(`${server.url}/mcp`, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    }
    const asked = '{"jsonrpc":"2.0","id":1,"method":"resources/list"}';
    expect(JSON.parse((await post(asked)).text)).toMatchObject({ error: { code: -32601 } });
  });

  it("leaves the server as it was", async () => {
    expect((await call("execute", { code: ONE })).structuredContent).toMatchObject({ result: 1 });
  });
});

it("tells a tenant beyond its quota so, as an error of the protocol", async () => {
  const limited = await connected(await tenant("limited", { rate: { requests: 1, seconds: 600 } }));
  expect((await call("execute", { code: ONE }, limited)).structuredContent).toMatchObject({
    ok: true,
  });
  await expect(call("execute", { code: ONE }, limited)).rejects.toMatchObject({
    code: -32000,
    data: { code: "RATE_LIMIT", status: 429, retryAfter: expect.any(Number) },
  });
  await limited.close();
});

it("is offered to clients that start programs", async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ["bin/isolate.js", "mcp", "--url", server.url],
    env: { ...getDefaultEnvironment(), ISOLATE_KEY: key },
  });
  const local = new Client({ name: "test", version: "1" });
  await local.connect(transport);
  const messages: unknown[] = [];
  local.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    messages.push(params.data);
  });
  const code = "export default (n) => { console.log('here'); return n + 1 }";
  const result = await call("execute", { code, input: 1 }, local);
  expect(result.structuredContent).toMatchObject({ result: 2 });
  expect(messages).toMatchObject([{ message: "here" }]);
  await local.close();

  const nobody = new Client({ name: "test", version: "1" });
  const keyless = new StdioClientTransport({
    command: process.execPath,
    args: ["bin/isolate.js", "mcp", "--url", `${server.url}/mcp`],
    stderr: "ignore",
  });
  await expect(nobody.connect(keyless)).rejects.toThrow("UNAUTHORIZED");
  await nobody.close();
});
