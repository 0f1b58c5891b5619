/** Tests two whole servers over one PostgreSQL store, as `server/main.ts` makes them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { type Assembled, assemble } from "../../server/assemble.ts";
import { createLogger } from "../../server/log/logger.ts";
import { readSettings } from "../../server/settings.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { ADMIN_KEY } from "../helpers/control-plane.ts";

let postgres: Postgres;
let directory: string;
const stores: Store[] = [];
const servers: Assembled[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-cluster-"));
  postgres = await Postgres.start();
  for (const name of ["one", "two"]) {
    const settings = readSettings({
      ISOLATE_ENGINE: "none",
      ISOLATE_RUN_DIR: join(directory, name),
      ISOLATE_STORE_URL: postgres.url(),
      ISOLATE_STORE_DIRECT_URL: postgres.url(),
      ISOLATE_ADMIN_KEY: ADMIN_KEY,
      ISOLATE_POOL_MIN: "1",
      ISOLATE_POOL_MAX: "6",
    });
    const store = await openStore(settings.store, settings);
    stores.push(store);
    const logger = createLogger({ level: "silent" });
    servers.push(await assemble({ settings, logger, store: Promise.resolve(store) }));
  }
  await until(() => stores.every(({ notices }) => notices.connected));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close(0)));
  await postgres.stop();
  await rm(directory, { recursive: true });
});

function ask(
  number: number,
  method: string,
  path: string,
  body?: object,
  key = ADMIN_KEY,
  more = {},
) {
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    ...more,
  };
  const text = body && { body: JSON.stringify(body) };
  return servers[number - 1]?.app.request(path, { method, headers, ...text }) as Promise<Response>;
}

/** Makes a tenant, and returns what asks a server with its key. */
async function keyed(tenant: string) {
  await ask(1, "PUT", `/admin/tenants/${tenant}`, { sandbox: ["isolated"] });
  const made = await ask(1, "POST", `/admin/tenants/${tenant}/keys`, {});
  const { key } = (await made.json()) as { key: string };
  return async (number: number, method: string, path: string, body?: object) => {
    const told = await ask(number, method, path, body, key);
    const text = await told.text();
    return { status: told.status, body: text === "" ? undefined : JSON.parse(text) };
  };
}

const refused = ({ status, body }: { status: number; body: { error: { code: string } } }) => [
  status,
  body.error.code,
];

it("carry answers of a caller to the one that runs its code, whichever it asks", async () => {
  await ask(1, "PUT", "/admin/tenants/agents", { sandbox: ["isolated"] });
  const made = await ask(1, "POST", "/admin/tenants/agents/keys", {});
  const { key } = (await made.json()) as { key: string };
  const code = "export default async () => [await tools.f(1), await tools.f(2), await tools.f(3)]";
  const headers = { accept: "text/event-stream" };
  const events: { event: string; data: { id: string; args: number; result?: unknown } }[] = [];
  const body = { code, sandbox: "isolated", timeout: 60_000, functions: { f: {} } };
  const response = await ask(1, "POST", "/execute", body, key, headers);
  const answer = (number: number, event: (typeof events)[number], value: object) => {
    const path = `/executions/${events[0]?.data.id}/calls/${event.data.id}`;
    return ask(number, "POST", path, value, key).then(({ status }) => status);
  };
  const large = "x".repeat(300_000);
  const given = [{ result: "small" }, { result: large }, { error: { message: "no" } }];
  const messages = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream());
  for await (const { event = "", data } of messages) {
    const one = { event, data: JSON.parse(data) };
    events.push(one);
    if (event !== "call") continue;
    expect(await answer(2, one, given[one.data.args - 1] ?? {})).toBe(204);
    expect(await answer(2, one, { result: "again" })).toBe(404);
  }
  expect(events.map(({ event }) => event)).toEqual([
    ...["started", "call", "call", "call", "log", "result"],
  ]);
  expect(events.at(-1)?.data).toMatchObject({ ok: false, logs: [{ message: "no" }] });
  const [, call] = events;
  expect(call && (await answer(2, call, { result: "late" }))).toBe(404);
  expect(call && (await answer(1, call, { result: "late" }))).toBe(404);
});

it("carry answers over MCP to the one that runs the code, and what the code does next back", async () => {
  await ask(1, "PUT", "/admin/tenants/models", { sandbox: ["isolated"] });
  const made = await ask(1, "POST", "/admin/tenants/models/keys", {});
  const { key } = (await made.json()) as { key: string };
  const call = async (number: number, name: string, args: object) => {
    const params = { name, arguments: args };
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    const { result } = await (await ask(number, "POST", "/mcp", message, key)).json();
    return result;
  };
  const code = `export default async () => {
    const [a, b] = await Promise.all([tools.f("x".repeat(20_000)), tools.f(2)]);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return [a, b.length, await tools.f(3).catch(String)];
  }`;
  const begin = async () => {
    const body = { code, functions: { f: {} }, timeout: 60_000, input: 1 };
    return (await call(1, "execute", body)).structuredContent;
  };
  const { execution, calls } = await begin();
  expect(calls[0]).toMatchObject({ name: "f", args: "x".repeat(20_000) });
  const answer = (id: string, result: unknown) => ({ execution, answers: [{ call: id, result }] });
  const rest = await call(2, "continue", answer(calls[0].id, "one"));
  const [second] = rest.structuredContent.calls;
  expect(second).toMatchObject({ args: 2 });
  const unknown = { ...answer(second.id, 1), execution: crypto.randomUUID() };
  expect(await call(2, "continue", unknown)).toMatchObject({
    ...{ isError: true, structuredContent: { error: { code: "CALL_NOT_FOUND", status: 404 } } },
  });
  // The code takes longer than one server waits for the other.
  const third = await call(2, "continue", answer(second.id, "x".repeat(300_000)));
  const [{ id }] = third.structuredContent.calls;
  const late = { execution, answers: [{ call: id, error: { message: "no" } }] };
  const last = await call(2, "continue", late);
  expect(last.structuredContent.result).toEqual(["one", 300_000, "Error: no"]);
  const again = await call(2, "continue", late);
  expect(again.structuredContent).toEqual(last.structuredContent);
  expect(again.content[0].text).toContain("Left out");
});

it("keep a session on the one that began it, and say so on the other", async () => {
  const told = await keyed("notebooks");
  const { id } = (await told(2, "POST", "/sessions", {})).body;
  const path = `/sessions/${id}`;
  // A server is known to the other one after its first sign of life.
  await until(async () => (await told(1, "GET", path)).status === 421);
  const execution = { code: "export default () => 1", timeout: 60_000 };
  const elsewhere = [421, "SESSION_ELSEWHERE"];
  expect(refused(await told(1, "POST", `${path}/execute`, execution))).toEqual(elsewhere);
  expect(refused(await told(1, "DELETE", path))).toEqual(elsewhere);
  expect((await told(1, "GET", "/sessions")).body).toEqual({ sessions: [] });
  expect((await told(2, "POST", `${path}/execute`, execution)).body).toMatchObject({ result: 1 });
  expect((await told(2, "DELETE", path)).status).toBe(204);
});

it("carry a message from an execution on one to an execution on the other, and know each other", async () => {
  await ask(1, "PUT", "/admin/tenants/acme", { sandbox: ["isolated"] });
  const made = await ask(1, "POST", "/admin/tenants/acme/keys", {});
  const { key } = (await made.json()) as { key: string };
  const execute = async (number: number, code: string) => {
    const request = { code, sandbox: "isolated", tools: ["channel"], timeout: 30_000 };
    return (await ask(number, "POST", "/execute", request, key)).json() as Promise<{
      result: unknown;
    }>;
  };
  const heard = execute(
    2,
    "export default () => new Promise((resolve) => channel.on('t', (data) => resolve(data)))",
  );
  await until(async () => (await stores[0]?.channels.subscribers("acme", ""))?.length === 1);
  await execute(1, "export default () => channel.emit('t', { from: 1 })");
  expect((await heard).result).toEqual({ from: 1 });
  const list = async () => {
    const { nodes } = (await (await ask(2, "GET", "/admin/nodes")).json()) as {
      nodes: { address: string; capacity: number; draining: boolean }[];
    };
    return nodes;
  };
  const node = { address: expect.stringMatching(/:\d+$/), capacity: 6, draining: false };
  await until(async () => (await list()).length === 2);
  expect(await list()).toMatchObject([node, node]);
  servers[0]?.leave();
  await until(async () => (await list()).some(({ draining }) => draining));
  await servers.shift()?.close(0);
  const rest = (await (
    await servers[0]?.app.request("/admin/nodes", {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    })
  )?.json()) as { nodes: unknown[] };
  expect(rest.nodes).toHaveLength(1);
});

it("end sessions when they leave: at once, or after the execution that runs", async () => {
  const told = await keyed("leaving");
  const begin = async () => `/sessions/${(await told(1, "POST", "/sessions", {})).body.id}`;
  const [idle, busy] = [await begin(), await begin()];
  const code = "export default () => new Promise((resolve) => setTimeout(resolve, 4_000, 5))";
  const running = told(1, "POST", `${busy}/execute`, { code, timeout: 60_000 });
  await until(async () => (await told(1, "GET", busy)).body.running);
  servers[0]?.leave();
  const ended = await told(1, "GET", idle);
  expect(refused(ended)).toEqual([410, "SESSION_ENDED"]);
  expect(ended.body.error.message).toContain("(shutdown)");
  expect((await running).body).toMatchObject({ result: 5, session: { ended: "shutdown" } });
  expect(refused(await told(1, "GET", busy))).toEqual([410, "SESSION_ENDED"]);
  expect(refused(await told(1, "POST", "/sessions", {}))).toEqual([503, "SHUTTING_DOWN"]);
});
