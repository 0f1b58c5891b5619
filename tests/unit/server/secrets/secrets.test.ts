/** Tests secrets of tenants over HTTP, with an engine that records what it is given. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Redactor } from "../../../../src/redaction/redactor.ts";
import { until } from "../../../contract/engine-contract.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";
import { ADMIN_KEY, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

const VALUE = "sk-live-0123456789";
const run = (more: object = {}) => ({
  code: "export default () => 1",
  secrets: ["TOKEN"],
  ...more,
});

let host: Awaited<ReturnType<typeof tenantsApp>>;
let engine: RecordingEngine;
let server: ReturnType<typeof host.start>;

beforeAll(async () => {
  host = await tenantsApp();
  engine = new RecordingEngine("container", (job, { observer }) => {
    const value = job.grants?.env.TOKEN ?? "none";
    const entry = { level: "log" as const, message: `log ${value}`, timestamp: 1 };
    observer?.onLog?.(entry);
    return { result: { echo: `got ${value}` }, logs: [entry] };
  });
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY }, [engine]);
}, 60_000);
afterAll(() => host.close());

const granted = () => engine.jobs.at(-1)?.job.grants;

it("are written, counted in versions, listed without values, and deleted", async () => {
  const { ask } = await server.tenant("writer");
  const first = await ask("PUT", "/secrets/TOKEN", { value: VALUE });
  const times = { createdAt: expect.any(String), updatedAt: expect.any(String) };
  expect(first).toMatchObject({ status: 201, body: { name: "TOKEN", version: 1, ...times } });
  const second = await ask("PUT", "/secrets/TOKEN", { value: `${VALUE}-2` });
  expect(second).toMatchObject({ status: 200, body: { version: 2 } });
  for (const name of ["A", "B"]) await ask("PUT", `/secrets/${name}`, { value: VALUE });
  const page = await ask("GET", "/secrets?limit=2");
  expect(page.body).toMatchObject({ secrets: [{ name: "A" }, { name: "B" }], next: "B" });
  const rest = await ask("GET", "/secrets?after=B");
  expect(rest.body).toEqual({ secrets: [{ name: "TOKEN", version: 2, ...times }] });
  expect((await ask("GET", "/secrets/TOKEN")).body).toEqual(rest.body.secrets[0]);
  expect(JSON.stringify([first, second, page, rest])).not.toContain(VALUE);
  const row = await host.store.secrets.get("writer", "TOKEN");
  expect(new Redactor([VALUE]).isIn(row?.sealed ?? "")).toBe(false);
  expect((await ask("DELETE", "/secrets/TOKEN")).status).toBe(204);
  expect(await ask("DELETE", "/secrets/TOKEN")).toMatchObject({
    status: 404,
    body: { error: { code: "SECRET_NOT_FOUND", message: expect.stringContaining('"TOKEN"') } },
  });
  expect((await ask("GET", "/secrets/TOKEN")).status).toBe(404);
});

it("refuse values and names that cannot be variables, and cite none", async () => {
  const { ask, key } = await server.tenant("mistaken");
  const put = (value: unknown, name = "TOKEN") => ask("PUT", `/secrets/${name}`, { value });
  for (const [value, message] of [
    ["seven77", /^value: Has fewer than 8 characters/],
    ["x".repeat(32_769), /^value: /],
    ["nul-\0-nul", /^value: Contains a NUL byte/],
    ["half-\ud83d-half", /^value: Contains half/],
    [12_345_678, /^value: /],
  ] as const) {
    const { status, body } = await put(value);
    expect([status, body.error.field, body.error.message]).toEqual([
      400,
      "value",
      expect.stringMatching(message),
    ]);
    expect(body.error.message).not.toContain(value);
  }
  for (const name of ["1A", "A-B", "A".repeat(257)]) {
    expect(await put(VALUE, name)).toMatchObject({
      status: 400,
      body: { error: { field: "name" } },
    });
  }
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const broken = { method: "PUT", headers, body: `{"value":${VALUE}}` };
  const answer = await (await server.app.request("/secrets/TOKEN", broken)).text();
  expect(answer).toContain("The body is not valid JSON");
  expect(answer).not.toContain("sk-");
  for (let n = 0; n < 100; n += 1) await put(VALUE, `S${n}`);
  expect(await put(VALUE, "MORE")).toMatchObject({
    status: 409,
    body: { error: { code: "SECRETS_LIMIT" } },
  });
  expect((await put(`${VALUE}-2`, "S0")).status).toBe(200);
});

it("are variables of executions that name them, within the ceilings", async () => {
  const { ask } = await server.tenant("runner", { env: { TOKEN: "of-the-operator", OWN: "x" } });
  const missing = { error: { code: "SECRET_NOT_FOUND", field: "secrets[1]" } };
  await ask("PUT", "/secrets/TOKEN", { value: VALUE });
  expect(await ask("POST", "/execute", run({ secrets: ["TOKEN", "NOPE"] }))).toMatchObject({
    status: 400,
    body: missing,
  });
  const asked = run({ explain: true, permissions: { env: ["OWN"] } });
  const { status, body } = await ask("POST", "/execute", asked);
  expect(status).toBe(200);
  expect(granted()?.env).toEqual({ OWN: "x", TOKEN: VALUE });
  expect(granted()?.worker.env).toEqual(["OWN", "TOKEN"]);
  expect(body).toMatchObject({ result: { echo: "got ***" }, logs: [{ message: "log ***" }] });
  expect(body.plan.env).toEqual(["OWN", "TOKEN"]);
  expect((await ask("POST", "/plan", asked)).body.env).toEqual(["OWN", "TOKEN"]);
  // Not named as a secret, it is the operator's variable of that name.
  await ask("POST", "/execute", run({ secrets: undefined, permissions: { env: ["TOKEN"] } }));
  expect(granted()?.env).toEqual({ TOKEN: "of-the-operator" });
  expect(await ask("POST", "/execute", run({ secrets: ["bad-name"] }))).toMatchObject({
    status: 400,
    body: { error: { field: "secrets[0]" } },
  });
  const names = Array.from({ length: 101 }, () => "TOKEN");
  expect((await ask("POST", "/execute", run({ secrets: names }))).body.error.field).toBe("secrets");

  await server.admin("PUT", "/admin/tenants/runner", { ceiling: { env: ["OTHER"] } });
  const refused = { code: "PERMISSION_REFUSED", field: "secrets[0]" };
  for (const [method, path] of [
    ["POST", "/execute"],
    ["PUT", "/functions/f"],
  ] as const) {
    expect(await ask(method, path, run())).toMatchObject({ status: 403, body: { error: refused } });
  }
  expect((await ask("POST", "/plan", run())).body.refusals).toMatchObject([
    { field: "secrets[0]" },
  ]);
});

it("are those of the run, not of the deployment, and jobs keep only names", async () => {
  const { ask, key } = await server.tenant("deployer");
  expect((await ask("PUT", "/functions/f", run())).body.error.code).toBe("SECRET_NOT_FOUND");
  await ask("PUT", "/secrets/TOKEN", { value: VALUE });
  const deployed = await ask("PUT", "/functions/f", run());
  expect(deployed).toMatchObject({ status: 201, body: { request: { secrets: ["TOKEN"] } } });
  const invoke = () => ask("POST", "/functions/f/invoke", {});
  expect((await invoke()).body.result).toEqual({ echo: "got ***" });
  const reuse = () => engine.jobs.at(-1)?.options.reuse?.key;
  const [before, same] = [reuse(), (await invoke()) && reuse()];
  expect(same).toBe(before);
  await ask("PUT", "/secrets/TOKEN", { value: `${VALUE}-new` });
  await invoke();
  expect(granted()?.env).toEqual({ TOKEN: `${VALUE}-new` });
  expect(reuse()).not.toBe(before);

  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    prefer: "respond-async",
  };
  const body = JSON.stringify(run());
  const accepted = await server.app.request("/execute", { method: "POST", headers, body });
  const { id } = (await accepted.json()) as { id: string };
  await ask("PUT", "/secrets/TOKEN", { value: `${VALUE}-newest` });
  server.services.worker.start();
  const job = async () => (await ask("GET", `/jobs/${id}`)).body;
  await until(async () => (await job()).status === "done");
  await server.services.worker.close();
  expect(granted()?.env).toEqual({ TOKEN: `${VALUE}-newest` });
  expect((await job()).answer.result).toEqual({ echo: "got ***" });
  expect((await ask("GET", `/executions/${id}`)).status).toBe(200);

  await ask("DELETE", "/secrets/TOKEN");
  expect(await invoke()).toMatchObject({
    status: 400,
    body: { error: { code: "SECRET_NOT_FOUND", field: "secrets[0]" } },
  });
});

it("need the secret key, and fail closed with another one or at another place", async () => {
  const { ask } = await server.tenant("keyless");
  await ask("PUT", "/secrets/TOKEN", { value: VALUE });
  await ask("PUT", "/secrets/OTHER", { value: `${VALUE}-other` });
  const jobs = engine.jobs.length;
  const unreadable = { status: 503, body: { error: { code: "SECRETS_UNREADABLE" } } };
  const { key } = (await server.admin("POST", "/admin/tenants/keyless/keys", {})).body;
  const none = host.start({ adminKey: ADMIN_KEY }, [engine]).as(key);
  expect(await none("PUT", "/secrets/TOKEN", { value: VALUE })).toMatchObject({
    status: 409,
    body: { error: { code: "SECRET_KEY_MISSING", field: "value" } },
  });
  expect(await none("POST", "/execute", run())).toMatchObject(unreadable);
  const secretKey = new Uint8Array(32).fill(8);
  const other = host.start({ adminKey: ADMIN_KEY, secretKey }, [engine]).as(key);
  expect(await other("POST", "/execute", run())).toMatchObject(unreadable);
  expect((await other("POST", "/execute", run({ secrets: [] }))).status).toBe(200);
  const row = await host.store.secrets.get("keyless", "OTHER");
  await host.store.secrets.put({ tenant: "keyless", name: "TOKEN", sealed: row?.sealed ?? "" });
  const again = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY }, [engine]).as(key);
  expect(await again("POST", "/execute", run())).toMatchObject(unreadable);
  expect((await again("POST", "/execute", run({ secrets: ["OTHER"] }))).status).toBe(200);
  expect(engine.jobs.length).toBe(jobs + 2);
});

it("are gone with their tenant, and are there for the only one of a server", async () => {
  const { ask } = await server.tenant("short-lived");
  await ask("PUT", "/secrets/TOKEN", { value: VALUE });
  expect((await ask("POST", "/execute", run())).status).toBe(200);
  await server.admin("DELETE", "/admin/tenants/short-lived");
  const next = await server.tenant("short-lived");
  expect((await next.ask("POST", "/execute", run())).body.error.code).toBe("SECRET_NOT_FOUND");
  const sole = host.start({ secretKey: SECRET_KEY }, [engine]).as(undefined);
  expect((await sole("PUT", "/secrets/TOKEN", { value: VALUE })).status).toBe(201);
  expect((await sole("POST", "/execute", run())).body.result).toEqual({ echo: "got ***" });
});
