/** Tests sessions over HTTP: state, bounds, and all ways in which they end. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createClient } from "../../src/client/client.ts";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";
import { asking, OPERATOR_KEY, tenantOf } from "../helpers/tenant-of.ts";

type Tenant = Awaited<ReturnType<typeof tenantOf>>;

let server: TestServer;
let acme: Tenant;
let other: Tenant;
const levels = { sandbox: ["isolated", "container"] };
beforeAll(async () => {
  server = await TestServer.start({ ISOLATE_ADMIN_KEY: OPERATOR_KEY, ISOLATE_POOL_MAX: "10" });
  acme = await tenantOf(server, "acme", { ...levels, concurrency: 4, queue: 0, sessions: 3 });
  other = await tenantOf(server, "other", levels);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

async function begin(tenant: Tenant, body?: object): Promise<string> {
  const told = await tenant.ask("POST", "/sessions", body ?? {});
  expect([told.status, told.body]).toEqual([201, expect.objectContaining({ running: false })]);
  expect(told.headers.get("location")).toBe(`/sessions/${told.body.id}`);
  return told.body.id;
}
const run = (tenant: Pick<Tenant, "ask">, id: string, code: string, more: object = {}) =>
  tenant.ask("POST", `/sessions/${id}/execute`, { code, timeout: 20_000, ...more });
const end = (tenant: Tenant, id: string) => tenant.ask("DELETE", `/sessions/${id}`);
/** Waits until a session has ended, and returns the reason. */
async function reasonOf(tenant: Tenant, id: string): Promise<string> {
  let message = "";
  await until(async () => {
    const { status, body } = await tenant.ask("GET", `/sessions/${id}`);
    if (status === 410) message = body.error.message;
    return status === 410;
  });
  return /\((\w+)\)/.exec(message)?.[1] ?? message;
}

it.each(["isolated", "container"])("keeps globals and files at level %s", async (sandbox) => {
  const permissions = sandbox === "container" ? { write: ["/tmp"], read: ["/tmp"] } : {};
  const id = await begin(acme, { sandbox, permissions });
  const [write, read] =
    sandbox === "container"
      ? ['Deno.writeTextFileSync("/tmp/kept", x)', 'Deno.readTextFileSync("/tmp/kept")']
      : ["globalThis.kept = x", "kept"];
  const first = await run(
    acme,
    id,
    `globalThis.n = 20; export default (x) => { console.log("one"); ${write}; }`,
    { input: "text" },
  );
  expect(first.body).toMatchObject({ ok: true, logs: [{ message: "one" }], session: { id } });
  const second = await run(acme, id, `export default () => [++n, ${read}]`);
  expect(second.body).toMatchObject({ ok: true, result: [21, "text"] });
  expect(second.body.logs).toBeUndefined();
  const { body } = await acme.ask("GET", `/executions/${second.body.id}`);
  expect(body).toMatchObject({ via: "session", level: sandbox, outcome: "ok" });
  const thrown = await run(acme, id, "export default () => { throw new Error('no') }");
  expect(thrown.body).toMatchObject({ ok: false, outcome: "exception" });
  expect(thrown.body.session.ended).toBeUndefined();
  const streamed = await acme.ask(
    "POST",
    `/sessions/${id}/execute`,
    { code: "export default () => { console.log(n); return 1 }", timeout: 20_000 },
    { accept: "text/event-stream" },
  );
  expect(streamed.body).toMatch(/event: log\n.*"message":"21"[\s\S]*event: result\n.*"session":/);
  const timed = await run(acme, id, "export default () => { for (;;); }", { timeout: 300 });
  expect(timed.body).toMatchObject({ outcome: "timeout", session: { ended: "timeout" } });
  const late = await run(acme, id, "export default () => 1");
  expect([late.status, late.body.error.code]).toEqual([410, "SESSION_ENDED"]);
  expect(late.body.error.message).toContain("(timeout)");
});

it("shows a tenant its own sessions alone", async () => {
  const id = await begin(acme);
  const list = async (tenant: Tenant) =>
    (await tenant.ask("GET", "/sessions")).body.sessions.map((each: { id: string }) => each.id);
  expect([await list(acme), await list(other)]).toEqual([[id], []]);
  const attempts = [
    other.ask("GET", `/sessions/${id}`),
    end(other, id),
    run(other, id, "export default () => 1"),
    acme.ask("GET", "/sessions/none"),
    acme.ask("GET", `/sessions/${id.slice(0, -1)}${id.endsWith("A") ? "Q" : "A"}`),
  ];
  for (const { status, body } of await Promise.all(attempts)) {
    expect([status, body.error.code]).toEqual([404, "SESSION_NOT_FOUND"]);
  }
  expect((await end(acme, id)).status).toBe(204);
  expect(await reasonOf(acme, id)).toBe("closed");
  expect((await other.ask("GET", `/sessions/${id}`)).status).toBe(404);
});

it("runs one execution at a time, and none for another key of the tenant", async () => {
  const id = await begin(acme);
  const slow = run(acme, id, "export default () => new Promise(() => setInterval(() => {}, 100))", {
    timeout: 20_000,
  });
  await until(async () => (await acme.ask("GET", `/sessions/${id}`)).body.running);
  const second = await run(acme, id, "export default () => 2");
  expect([second.status, second.body.error.code]).toEqual([409, "SESSION_BUSY"]);
  const { body: key } = await asking(server, OPERATOR_KEY)("POST", "/admin/tenants/acme/keys", {});
  const refused = await run({ ask: asking(server, key.key) }, id, "export default () => 2");
  expect([refused.status, refused.body.error.code]).toEqual([403, "SESSION_OF_OTHER_KEY"]);
  expect((await end(acme, id)).status).toBe(204);
  const ended = await slow;
  expect([ended.status, ended.body.error.code]).toEqual([410, "SESSION_ENDED"]);
  const { body } = await acme.ask("GET", "/executions?via=session&limit=20");
  expect(body.executions.map((each: { outcome: string }) => each.outcome)).toContain("aborted");
});

it("bounds sessions that nobody ends, and ends them after their idle and longest time", async () => {
  const asked = await Promise.all(
    Array.from({ length: 1_000 }, () => acme.ask("POST", "/sessions", { idle: 300_000 })),
  );
  const begun = asked.filter(({ status }) => status === 201).map(({ body }) => body.id);
  expect(begun).toHaveLength(3);
  for (const { status, body } of asked) {
    if (status !== 201) expect([status, body.error.code]).toEqual([429, "SESSIONS_LIMIT"]);
  }
  // Half of the pool is for sessions. The last one is for a tenant that has none.
  const rest = await Promise.all(
    Array.from({ length: 8 }, () => other.ask("POST", "/sessions", { idle: 300_000 })),
  );
  const others = rest.filter(({ status }) => status === 201).map(({ body }) => body.id);
  expect(others).toHaveLength(1);
  for (const { status, body } of rest) {
    if (status !== 201) expect([status, body.error.code]).toEqual([503, "HOST_BUSY"]);
  }
  const third = await tenantOf(server, "third", levels);
  const last = await begin(third);
  const scraped = await fetch(`${server.url}/metrics`, {
    headers: { authorization: `Bearer ${OPERATOR_KEY}` },
  }).then((response) => response.text());
  expect(scraped).toMatch(/^isolate_sessions 5$/m);
  expect(Number(/^isolate_sessions_started_total (\d+)$/m.exec(scraped)?.[1])).toBeGreaterThan(5);
  await Promise.all([...begun.map((id) => end(acme, id)), ...others.map((id) => end(other, id))]);
  await end(third, last);
  const refused = await begin(acme, { idle: 1_000 });
  // Refused executions do not keep it alive.
  await until(async () => (await run(acme, refused, "", { timeout: 1e9 })).status === 410);
  expect(await reasonOf(acme, refused)).toBe("idle");
  const left = await Promise.all([1, 2, 3].map(() => begin(acme, { idle: 300 })));
  for (const id of left) expect(await reasonOf(acme, id)).toBe("idle");
  const [idle, max] = [await begin(acme, { idle: 300 }), await begin(acme, { max: 400 })];
  expect([await reasonOf(acme, idle), await reasonOf(acme, max)]).toEqual(["idle", "max"]);
  const tooLong = await acme.ask("POST", "/sessions", { idle: 86_400_000 });
  expect([tooLong.status, tooLong.body.error.field]).toEqual([400, "idle"]);
});

it("counts a session among the executions at once for as long as it lives", async () => {
  const settings = { ...levels, concurrency: 1, queue: 0 };
  const narrow = await tenantOf(server, "narrow", settings);
  const id = await begin(narrow);
  const execute = () => narrow.ask("POST", "/execute", { code: "export default () => 1" });
  const refused = await execute();
  expect([refused.status, refused.body.error.code]).toEqual([429, "CONCURRENCY_LIMIT"]);
  expect((await run(narrow, id, "export default () => 1")).body).toMatchObject({ result: 1 });
  await end(narrow, id);
  await until(async () => (await execute()).status === 200);
});

it("ends with its key, its tenant and its permissions", async () => {
  const admin = asking(server, OPERATOR_KEY);
  const settings = { ...levels, ceiling: { write: ["/tmp"], read: ["/tmp"] } };
  const tenant = await tenantOf(server, "ending", settings);
  const { body: key } = await admin("POST", "/admin/tenants/ending/keys", {});
  const byKey = { ...tenant, ask: asking(server, key.key) };
  const [revoked, larger, changed, suspended] = [
    await begin(byKey),
    await begin(tenant, { memory: 512 }),
    await begin(tenant, { sandbox: "container", permissions: { write: ["/tmp"] } }),
    await begin(tenant),
  ];
  expect((await run(tenant, changed, "export default () => 1")).body).toMatchObject({ result: 1 });
  await admin("DELETE", `/admin/tenants/ending/keys/${key.id}`);
  expect(await reasonOf(tenant, revoked)).toBe("key");
  await admin("PUT", "/admin/tenants/ending", { ...settings, ceiling: "none", memory: 256 });
  expect((await run(tenant, larger, "export default () => 1")).status).toBe(410);
  expect(await reasonOf(tenant, larger)).toBe("changed");
  const lost = await run(tenant, changed, "export default () => 1");
  expect([lost.status, lost.body.error.code]).toEqual([410, "SESSION_ENDED"]);
  expect(await reasonOf(tenant, changed)).toBe("changed");
  const slow = run(
    tenant,
    suspended,
    "export default () => new Promise((r) => setTimeout(r, 9e4))",
    {
      timeout: 20_000,
    },
  );
  await until(async () => (await tenant.ask("GET", `/sessions/${suspended}`)).body.running);
  await admin("POST", "/admin/tenants/ending/suspend", {});
  expect((await slow).status).toBeGreaterThanOrEqual(400);
  await admin("POST", "/admin/tenants/ending/resume");
  expect(await reasonOf(tenant, suspended)).toBe("tenant");
});

it("is used by the client", async () => {
  const { sessions } = createClient({ url: server.url, key: other.key });
  const { id } = await sessions.create({ idle: 20_000 });
  const code = "globalThis.n = 20; export default () => {}";
  await sessions.execute(id, { code, timeout: 20_000 });
  const { result, session } = await sessions.execute(id, { code: "export default () => n + 1" });
  expect([result, session.id, (await sessions.list()).length]).toEqual([21, id, 1]);
  expect(await sessions.get(id)).toMatchObject({ executions: 2 });
  await sessions.end(id);
  await expect(sessions.get(id)).rejects.toMatchObject({ status: 410, code: "SESSION_ENDED" });
});
