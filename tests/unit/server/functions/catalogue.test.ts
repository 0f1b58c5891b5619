import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FunctionCatalogue } from "../../../../server/functions/catalogue.ts";
import { StorageFull } from "../../../../server/store/contract/store-errors.ts";
import { NO_LIMITS } from "../../../../server/tenants/limits.ts";
import { deployBody } from "../../../../src/contract/functions.ts";
import { ADMIN_KEY, type Ask, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;

const code = "export default (n) => n + 1";
const time = expect.stringMatching(/^\d{4}-/);
let host: Host;
let server: ReturnType<Host["start"]>;
let acme: Ask;
let rival: Ask;
beforeAll(async () => {
  host = await tenantsApp();
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
  acme = (await server.tenant("acme", { ceiling: { net: ["a.example"] }, timeout: 5_000 })).ask;
  rival = (await server.tenant("rival", { reuse: false })).ask;
});
afterAll(() => host.close());

/** Returns the last job of the engine. */
function last() {
  const { jobs } = server.engine;
  const { job, options } = jobs.at(-1) ?? {};
  return { job, options };
}

describe("deploying", () => {
  it("makes versions, of which the last one is called", async () => {
    const first = await acme("PUT", "/functions/add", { code, timeout: 700, tools: ["crypto"] });
    expect([first.status, first.body]).toEqual([
      201,
      {
        name: "add",
        version: 1,
        kind: "value",
        main: "main.ts",
        public: false,
        request: { timeout: 700, tools: ["crypto"], reuse: "code" },
        createdAt: time,
      },
    ]);
    await acme("PUT", "/functions/add", { code: "export const go = () => 2", entry: "go" });
    const { status, body } = await acme("POST", "/functions/add/invoke", { input: 7 });
    expect([status, body.ok]).toEqual([200, true]);
    expect(last().job).toMatchObject({
      code: "export const go = () => 2",
      entry: "go",
      input: "7",
    });
    expect(last().options?.reuse?.key).toMatch(/^[0-9a-f]{64}$/);
    await acme("POST", "/functions/add/invoke", { version: 1 });
    expect(last().job).toMatchObject({ code, entry: "default", input: undefined });
    expect(last().options?.timeout).toBe(700);
    await server.services.executionWriter.flush();
    const { body: history } = await acme("GET", "/executions?function=add");
    expect(history.executions).toMatchObject([
      { via: "invoke", function: "add", version: 1, outcome: "ok" },
      { via: "invoke", function: "add", version: 2 },
    ]);
  });

  it("bundles files", async () => {
    const files = {
      "src/main.ts": 'import { n } from "./n.ts"; export default (): number => n;',
      "src/n.ts": "export const n: number = 41;",
    };
    const { body } = await acme("PUT", "/functions/files", { files, main: "src/main.ts" });
    expect(body).toMatchObject({ version: 1, main: "src/main.ts" });
    expect((await acme("GET", "/functions/files/versions/1")).body).toEqual({ ...body, files });
    await acme("POST", "/functions/files/invoke", {});
    expect(last().job?.code).toMatch(/var n = 41;[\s\S]*export/);
  });

  it.each<[string, object, number, string, string]>([
    ["neither code nor files", {}, 400, "BAD_REQUEST", "code"],
    ["both", { code, files: { "main.ts": code } }, 400, "BAD_REQUEST", "code"],
    ["main without files", { code, main: "a.ts" }, 400, "BAD_REQUEST", "main"],
    ["main that is not there", { files: { "a.ts": code } }, 400, "BAD_REQUEST", "main"],
    ["files that do not parse", { files: { "main.ts": "let = ;" } }, 400, "BAD_REQUEST", "files"],
    ["a public value", { code, public: true }, 400, "BAD_REQUEST", "public"],
    ["an unknown field", { code, input: 1 }, 400, "BAD_REQUEST", "input"],
    ["a tool there is not", { code, tools: ["x"] }, 400, "BAD_REQUEST", "tools[0]"],
    [
      "reuse with a channel",
      { code, tools: ["channel"], reuse: "code" },
      400,
      "BAD_REQUEST",
      "reuse",
    ],
    ["more time than its tenant has", { code, timeout: 5_001 }, 403, "TENANT_LIMIT", "timeout"],
    [
      "a host above its ceiling",
      { code, permissions: { net: ["b.example"] } },
      403,
      "PERMISSION_REFUSED",
      "permissions.net[0]",
    ],
    ["a long code", { code: "x".repeat(99_000).padEnd(100_001) }, 413, "PAYLOAD_TOO_LARGE", ""],
  ])("refuses %s", async (_what, body, status, name, field) => {
    const answer = await acme("PUT", "/functions/refused", body);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code: name, ...(field && { field }) });
    expect((await acme("GET", "/functions/refused")).status).toBe(404);
  });

  it.each(["a.b", "-a", "x".repeat(64), "a%2Fb", "%00"])("refuses the name %s", async (name) => {
    const answer = await acme("PUT", `/functions/${name}`, { code });
    expect([answer.status, answer.body.error.field]).toEqual([400, "name"]);
  });

  it("keeps sandboxes warm only if tools and tenant allow", async () => {
    const channel = await acme("PUT", "/functions/listening", { code, tools: ["channel"] });
    expect(channel.body.request).toEqual({ tools: ["channel"], reuse: "never" });
    expect((await rival("PUT", "/functions/once", { code })).body.request.reuse).toBe("never");
    const asked = await rival("PUT", "/functions/once", { code, reuse: "code" });
    expect([asked.status, asked.body.error.field]).toEqual([403, "reuse"]);
  });

  it("says that there are a thousand functions, which the store counts", async () => {
    const deploy = async () => {
      throw new StorageFull({ kind: "functions", what: "count", most: 1_000, added: 257 });
    };
    const store = Object.create(host.store.functions, { deploy: { value: deploy } });
    const full = new FunctionCatalogue(store, server.services.kernel);
    const caller = { tenant: { id: "full" }, limits: NO_LIMITS };
    const deployment = { caller, name: "one", body: deployBody.parse({ code }) };
    await expect(full.deploy(deployment)).rejects.toMatchObject({
      status: 409,
      code: "FUNCTIONS_LIMIT",
    });
  });
});

describe("a deployed function", () => {
  it("is rolled back and forth, and deleted", async () => {
    const bodies = ["export default () => 1", "export default () => 2"];
    for (const each of bodies) await acme("PUT", "/functions/f", { code: each });
    const rolled = await acme("POST", "/functions/f/rollback", { version: 1 });
    expect(rolled.body).toEqual({
      name: "f",
      kind: "value",
      current: 1,
      latest: 2,
      createdAt: time,
      updatedAt: time,
    });
    await acme("POST", "/functions/f/invoke", {});
    expect(last().job?.code).toBe(bodies[0]);
    await acme("POST", "/functions/f/rollback", { version: 2 });
    await acme("POST", "/functions/f/invoke", {});
    expect(last().job?.code).toBe(bodies[1]);
    const { body } = await acme("GET", "/functions/f/versions");
    expect(body.versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    expect(body.versions[0]).not.toHaveProperty("code");
    const missing = await acme("POST", "/functions/f/rollback", { version: 3 });
    expect([missing.status, missing.body.error.code]).toEqual([404, "FUNCTION_NOT_FOUND"]);
    expect((await acme("DELETE", "/functions/f")).status).toBe(204);
    for (const [method, path, sent] of ways("f")) {
      expect((await acme(method, path, sent)).status).toBe(404);
    }
    expect((await acme("PUT", "/functions/f", { code })).body.version).toBe(1);
  });

  it("is listed by name, page by page", async () => {
    const { ask } = await server.tenant("lister");
    for (const name of ["c", "a", "b"]) await ask("PUT", `/functions/${name}`, { code });
    const first = (await ask("GET", "/functions?limit=2")).body;
    expect([first.functions.map(nameOf), first.next]).toEqual([["a", "b"], "b"]);
    const second = (await ask("GET", `/functions?limit=2&after=${first.next}`)).body;
    expect([second.functions.map(nameOf), second.next]).toEqual([["c"], undefined]);
    for (const query of [
      "limit=0",
      "limit=101",
      "limit=x",
      "after=a.b",
      "more=1",
      "limit=1&limit=2",
    ])
      expect((await ask("GET", `/functions?${query}`)).status).toBe(400);
  });

  it("is not there for another tenant", async () => {
    await acme("PUT", "/functions/private", { code });
    await acme("PUT", "/functions/private-http", { code, kind: "http" });
    for (const [method, path, sent] of ways("private")) {
      const answer = await rival(method, path, sent);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.body.error.code).toBe("FUNCTION_NOT_FOUND");
    }
    expect((await rival("GET", "/f/acme/private-http/")).status).toBe(404);
    expect(
      (await rival("PUT", "/functions/private", { code: "export default 1" })).body.version,
    ).toBe(1);
    expect((await acme("GET", "/functions/private")).body.latest).toBe(1);
  });

  it("is called by HTTP alone if it is for that", async () => {
    const { body } = await acme("PUT", "/functions/site", { code, kind: "http", public: true });
    expect(body.url).toBe("/f/acme/site/");
    const answer = await acme("POST", "/functions/site/invoke", { input: 1 });
    expect([answer.status, answer.body.error.code]).toEqual([409, "HTTP_FUNCTION"]);
    // A function of another kind is not served by HTTP.
    await acme("PUT", "/functions/value", { code });
    expect((await acme("GET", "/f/acme/value/")).status).toBe(404);
  });

  it("is called in all the ways code is run", async () => {
    await acme("PUT", "/functions/ways", { code });
    const { app, services } = server;
    const { key } = await server.tenant("acme2");
    await server.as(key)("PUT", "/functions/ways", { code });
    const invoke = (headers: Record<string, string>, body: object = { input: 1 }) =>
      app.request("/functions/ways/invoke", {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const events = await invoke({ accept: "text/event-stream" });
    expect(await events.text()).toMatch(/^event: result\ndata: \{"id":/);
    const later = await invoke({ prefer: "respond-async" });
    const { id } = (await later.json()) as { id: string };
    expect([later.status, later.headers.get("location")]).toEqual([202, `/jobs/${id}`]);
    const job = await host.store.jobs.get("acme2", id);
    expect(job).toMatchObject({ function: "ways", version: 1 });
    const claimed = await host.store.jobs.claim("host", 60_000, 99);
    const request = claimed.find((one) => one.id === id)?.request ?? "";
    expect(JSON.parse(request)).toMatchObject({ code, input: 1 });
    const [first, second] = [
      await invoke({ "idempotency-key": "k" }),
      await invoke({ "idempotency-key": "k" }),
    ];
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(await second.text()).toBe(await first.text());
    expect((await invoke({ "idempotency-key": "k" }, { input: 2 })).status).toBe(422);
    await services.executionWriter.flush();
  });
});

function nameOf({ name }: { name: string }): string {
  return name;
}

/** Lists every request that names a function. */
function ways(name: string): [method: string, path: string, body?: object][] {
  const path = `/functions/${name}`;
  return [
    ["GET", path],
    ["GET", `${path}/versions`],
    ["GET", `${path}/versions/1`],
    ["POST", `${path}/rollback`, { version: 1 }],
    ["POST", `${path}/invoke`, {}],
    ["DELETE", path],
  ];
}
