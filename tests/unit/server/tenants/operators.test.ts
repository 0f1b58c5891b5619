/** Tests what an operator does with tenants besides making them: changes of some settings, suspension. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditLog } from "../../../../server/audit/audit-log.ts";
import { assertAudited, type Route } from "../../../../server/http/route.ts";
import { Aborted } from "../../../../src/base/errors.ts";
import { until } from "../../../contract/engine-contract.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";
import {
  ADMIN_KEY,
  type Ask,
  SECRET_KEY,
  type Told,
  tenantsApp,
} from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;
type Server = ReturnType<Host["start"]>;

const code = "export default () => 1";
const FOREVER = { code: "export default () => forever()" };

let host: Host;
let server: Server;
let running = 0;
let engine: RecordingEngine;
beforeAll(async () => {
  host = await tenantsApp();
  engine = new RecordingEngine("container", (job, { signal }) =>
    job.code.includes("forever")
      ? new Promise((_resolve, reject) => {
          running += 1;
          signal?.addEventListener("abort", () => reject(new Aborted()));
        })
      : Promise.resolve({ result: 1 }),
  );
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY }, [engine]);
}, 60_000);
afterAll(async () => {
  await server.services.worker.close();
  await host.close();
});

const outcomeOf = ({ status, body }: Told) => [status, body?.error?.code];

/** Sends a request of the operator with further headers. */
async function send(method: string, path: string, body?: unknown, headers = {}): Promise<Told> {
  const response = await server.app.request(path, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      "content-type": "application/json",
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = text === "" ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body: parsed };
}

describe("a tenant's settings", () => {
  it("are changed in part: null removes one, variables are merged by name", async () => {
    const path = "/admin/tenants/parts";
    const ceiling = { net: ["a.example"], env: ["A", "B"] };
    const env = { A: "1", B: "2" };
    await server.tenant("parts", { ceiling, timeout: 500, concurrency: 3, env });
    const changed = await send(
      "PATCH",
      path,
      {
        timeout: null,
        concurrency: null,
        memory: 256,
        ceiling: { net: null },
        env: { B: null, C: "3" },
      },
      { "content-type": "application/merge-patch+json" },
    );
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({
      memory: 256,
      concurrency: 16,
      ceiling: { env: ["A", "B"] },
      env: ["A", "C"],
    });
    expect(changed.body).not.toHaveProperty("timeout");
    expect(changed.body).not.toHaveProperty("warnings");
    const caller = await server.tenancy.auth.caller("parts");
    expect(caller?.tenant).toMatchObject({ maxMemory: 256, env: { A: "1", C: "3" } });
    expect((await send("PATCH", path, { env: null })).body).toMatchObject({ env: [], memory: 256 });
    // A value that is no object replaces one, as RFC 7396 has it.
    expect((await send("PATCH", path, { ceiling: "none" })).body).toMatchObject({
      ceiling: "none",
    });
    expect((await send("PATCH", path, {})).body).toMatchObject({ ceiling: "none", memory: 256 });
    const nested = `${'{"ceiling":'.repeat(40)}1${"}".repeat(40)}`;
    for (const [patch, field] of [
      [{ timeout: 0 }, "timeout"],
      [{ timeuot: null }, "timeuot"],
      [{ budget: { executions: -1 } }, "budget.executions"],
      [{ budget: { runs: 1 } }, "budget.runs"],
      [{ env: { "a-b": "1" } }, "env.a-b"],
      [{ env: ["A"] }, "env"],
      [{ ceiling: JSON.parse(nested) }, undefined],
    ] as const) {
      const refused = await send("PATCH", path, patch);
      expect([field, ...outcomeOf(refused), refused.body.error.field]).toEqual([
        field,
        400,
        "BAD_REQUEST",
        field,
      ]);
    }
    expect((await send("PATCH", path, [])).status).toBe(400);
    const asText = await send("PATCH", path, {}, { "content-type": "text/plain" });
    expect(asText.status).toBe(415);
    const patchOfPut = { "content-type": "application/merge-patch+json" };
    expect((await send("PUT", path, {}, patchOfPut)).status).toBe(415);
    expect(outcomeOf(await send("PATCH", "/admin/tenants/nobody", {}))).toEqual([
      404,
      "TENANT_NOT_FOUND",
    ]);
  });

  it("that a PUT resets are named, and those that it states are not", async () => {
    const path = "/admin/tenants/resets";
    const all = { timeout: 500, concurrency: 3, queue: 9, rate: { requests: 1, seconds: 1 } };
    expect((await send("PUT", path, { ...all, env: { A: "1" } })).body).not.toHaveProperty(
      "warnings",
    );
    const { body } = await send("PUT", path, { concurrency: 16, queue: 9 });
    expect(body.warnings).toEqual([
      expect.stringMatching(/^rate: /),
      expect.stringMatching(/^timeout: /),
    ]);
    expect(body).toMatchObject({ concurrency: 16, env: ["A"] });
    expect((await send("PUT", path, { queue: 9 })).body).not.toHaveProperty("warnings");
  });

  it("are changed only in the state that a request names", async () => {
    const path = "/admin/tenants/states";
    const none = { "if-none-match": "*" };
    const failed = [412, "PRECONDITION_FAILED"];
    expect(outcomeOf(await send("PUT", path, {}, { "if-match": "*" }))).toEqual(failed);
    const made = await send("PUT", path, {}, none);
    expect(made.status).toBe(201);
    expect(outcomeOf(await send("PUT", path, {}, none))).toEqual(failed);
    const tag = made.headers.get("etag") ?? "";
    expect((await send("GET", path)).headers.get("etag")).toBe(tag);
    const match = { "if-match": `"x", ${tag}` };
    const next = await send("PATCH", path, { memory: 256 }, match);
    expect(next.status).toBe(200);
    expect(next.headers.get("etag")).not.toBe(tag);
    for (const method of ["PUT", "PATCH"]) {
      expect(outcomeOf(await send(method, path, {}, match))).toEqual(failed);
      const weak = { "if-match": `W/${next.headers.get("etag")}` };
      expect(outcomeOf(await send(method, path, {}, weak))).toEqual(failed);
    }
    // A new tenant is in another state than an earlier one with its id.
    await send("DELETE", path);
    const again = await send("PUT", path, {});
    expect(again.headers.get("etag")).not.toBe(tag);
    expect(outcomeOf(await send("PUT", path, {}, match))).toEqual(failed);
  });

  it("lose nothing to changes by two servers at once", async () => {
    await server.tenant("races", { env: { FIRST: "1" } });
    const other = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
    const patches = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? server : other).admin("PATCH", "/admin/tenants/races", { env: { [`V${n}`]: "1" } }),
    );
    for (const { status } of await Promise.all(patches)) expect(status).toBe(200);
    const { body } = await server.admin("GET", "/admin/tenants/races");
    expect(body.env).toHaveLength(21);
  });
});

describe("a suspended tenant", () => {
  it("runs nothing and reads nothing until it is resumed, and its jobs wait", async () => {
    const path = "/admin/tenants/late";
    const { ask, key } = await server.tenant("late");
    const handler = { code: "export default () => new Response()", kind: "http" };
    await ask("PUT", "/functions/site", { ...handler, public: true });
    await ask("PUT", "/functions/mine", handler);
    const execution = ask("POST", "/execute", FOREVER);
    const queued = async (body: object) => {
      const headers = { authorization: `Bearer ${key}`, prefer: "respond-async" };
      return (await (await sendAs("/execute", body, headers)).json()).id as string;
    };
    const sendAs = (at: string, body: object, headers: Record<string, string>) =>
      server.app.request(at, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    server.services.worker.start();
    const job = await queued(FOREVER);
    await until(() => running === 2);

    const suspended = await send("POST", `${path}/suspend`, { reason: "unpaid" });
    const shown = { since: expect.any(String), reason: "unpaid" };
    expect(suspended).toMatchObject({ status: 200, body: { id: "late", suspended: shown } });
    const refused = [403, "TENANT_SUSPENDED"];
    const ended = await execution;
    expect(outcomeOf(ended)).toEqual(refused);
    expect(ended.body.error.message).toContain("unpaid");
    // Its code may go on in sandboxes that are kept.
    expect(engine.ended).toContain("late");
    for (const [method, at, body] of [
      ["POST", "/execute", { code }],
      ["GET", "/tenant"],
      ["GET", "/executions"],
      ["GET", `/jobs/${job}`],
      ["GET", "/f/late/mine/"],
      ["GET", "/f/late/site/"],
      ["PUT", "/functions/more", { code }],
    ] as const) {
      expect([at, ...outcomeOf(await ask(method, at, body))]).toEqual([at, ...refused]);
    }
    // Others learn that, and not why.
    const visit = await server.as(undefined)("GET", "/f/late/site/");
    expect(outcomeOf(visit)).toEqual(refused);
    expect(JSON.stringify(visit.body)).not.toContain("unpaid");
    expect((await server.as(undefined)("GET", "/f/late/mine/")).status).toBe(401);
    const listed = await send("GET", "/admin/tenants?after=lat");
    expect(listed.body.tenants[0]).toMatchObject({ id: "late", suspended: shown });
    // Neither a change nor a second suspension begins it anew.
    const since = suspended.body.suspended.since;
    expect((await send("PUT", path, {})).body.suspended).toEqual({ since, reason: "unpaid" });
    expect((await send("PATCH", path, { memory: 256 })).body.suspended.since).toBe(since);
    expect((await send("POST", `${path}/suspend`)).body.suspended).toEqual({ since, reason: null });
    await until(async () => (await host.store.jobs.get("late", job))?.state === "queued");
    expect(await host.store.jobs.get("late", job)).toMatchObject({ attempts: 0, answer: null });
    expect(await host.store.jobs.claim("other", 60_000, 9)).toEqual([]);

    const resumed = await send("POST", `${path}/resume`);
    expect(resumed.body).not.toHaveProperty("suspended");
    expect((await ask("POST", "/execute", { code })).status).toBe(200);
    await until(() => running === 3);
    const { body } = await ask("GET", "/executions?outcome=aborted");
    expect(body.executions).toEqual([expect.objectContaining({ via: "execute" })]);
    expect((await ask("DELETE", `/jobs/${job}`)).status).toBe(204);
    for (const verb of ["suspend", "resume"]) {
      expect((await send("POST", `/admin/tenants/nobody/${verb}`)).status).toBe(404);
    }
    await server.tenant("deleted");
    await send("DELETE", "/admin/tenants/deleted");
    expect(engine.ended).toContain("deleted");
    expect((await send("POST", `${path}/suspend`, { reason: "x".repeat(501) })).status).toBe(400);
  });

  it("keeps what it has published from others until it is resumed", async () => {
    const publisher = await server.tenant("publisher");
    const reader = await server.tenant("reader");
    const locator = "suspended.example/note.text@1.0.0";
    const [domain = "", name] = ["suspended.example", "note"];
    const manifest = { domain, name, type: "text", version: "1.0.0" };
    const archive = Buffer.from("archive");
    await host.store.resources.publish("publisher", { locator, domain, manifest, archive });
    const seen = async ({ ask }: { ask: Ask }) => {
      const { status, body } = await ask("GET", `/api/v1/resource?locator=${locator}`);
      const found = await ask("GET", `/api/v1/search?domain=${domain}`);
      return [status, body.code, found.body.total];
    };
    expect(await seen(reader)).toEqual([200, undefined, 1]);
    const read = await host.store.resources.get(locator);
    await send("POST", "/admin/tenants/publisher/suspend", {});
    expect(await seen(reader)).toEqual([403, "TENANT_SUSPENDED", 0]);
    const content = await reader.ask("GET", `/api/v1/content?locator=${locator}`);
    expect([content.status, content.body.code]).toEqual([403, "TENANT_SUSPENDED"]);
    // A request that has found it before reads no archive.
    expect(await host.store.resources.archive(read as never)).toBeUndefined();
    await send("POST", "/admin/tenants/publisher/resume");
    expect(await seen(reader)).toEqual([200, undefined, 1]);
    expect((await publisher.ask("GET", `/api/v1/resource?locator=${locator}`)).status).toBe(200);
  });
});

describe("what all tenants run", () => {
  it("is listed by filter and page, without code, input and results", async () => {
    const names = ["list-a", "list-b"];
    for (const name of names) {
      const { ask, key } = await server.tenant(name);
      await ask("POST", "/execute", { code, input: "an-input" });
      await server.app.request("/execute", {
        method: "POST",
        headers: {
          authorization: `Bearer ${key}`,
          prefer: "respond-async",
          "content-type": "application/json",
        },
        body: JSON.stringify({ code, input: "an-input", callback: "https://x.example/a-callback" }),
      });
    }
    const get = (path: string) => send("GET", path);
    const executions = await get("/admin/executions?via=execute&limit=2");
    expect(executions.body.executions).toMatchObject([
      { tenant: "list-b", via: "execute", outcome: "ok" },
      { tenant: "list-a" },
    ]);
    const { next } = executions.body;
    const older = await get(`/admin/executions?via=execute&limit=200&cursor=${next}`);
    const ids = ({ body }: Told) => body.executions.map(({ id }: { id: string }) => id);
    expect(ids(older)).not.toContain(next);
    const mine = await get("/admin/executions?tenant=list-a&via=execute");
    expect(ids(mine)).toEqual([executions.body.executions[1].id]);
    const past = await get("/admin/executions?until=2020-01-01T00:00:00Z");
    expect(past.body).toEqual({ executions: [] });

    const jobs = await get("/admin/jobs?limit=2");
    expect(jobs.body).toMatchObject({
      jobs: [{ tenant: "list-b" }, { tenant: "list-a" }],
      next: expect.any(String),
    });
    const ofOne = await get("/admin/jobs?tenant=list-a");
    expect(ofOne.body.jobs).toHaveLength(1);
    const { status } = ofOne.body.jobs[0];
    expect((await get(`/admin/jobs?tenant=list-a&status=${status}`)).body.jobs).toHaveLength(1);
    const text = JSON.stringify([executions.body, older.body, jobs.body, ofOne.body]);
    for (const hidden of ["export default", "an-input", "a-callback"]) {
      expect(text).not.toContain(hidden);
    }
    for (const bad of ["executions?tenant=A", "jobs?status=lost", "audit?since=now"]) {
      expect((await get(`/admin/${bad}`)).status).toBe(400);
    }
  });
});

describe("administrative changes", () => {
  it("are recorded by every route that makes one, or the server does not start", () => {
    const common = {
      path: "/x",
      summary: "",
      tags: [],
      responses: {},
      handler: () => new Response(),
    };
    const made = (more: Pick<Route, "scope" | "method"> & Partial<Route>) => () =>
      assertAudited({ ...common, ...more });
    expect(made({ scope: "admin", method: "PUT" })).toThrow("PUT /x records no change");
    expect(made({ scope: "tenant", method: "DELETE", needs: "manage" })).toThrow("records no");
    const audit = () => ({ action: "a", target: "b" });
    for (const fine of [
      made({ scope: "admin", method: "PUT", audit }),
      made({ scope: "admin", method: "GET" }),
      made({ scope: "tenant", method: "POST", needs: "execute" }),
      made({ scope: "none", method: "POST" }),
    ]) {
      expect(fine).not.toThrow();
    }
  });

  it("of a tenant's own are recorded with its key", async () => {
    const { ask, keyId } = await server.tenant("self-served");
    await ask("PUT", "/secrets/TOKEN", { value: "a-secret-value" });
    await ask("DELETE", "/secrets/TOKEN");
    await ask("PUT", "/hosts/own.example.org", {});
    await ask("DELETE", "/hosts/own.example.org");
    const { body: key } = await ask("POST", "/keys", { scopes: ["read"] });
    await ask("DELETE", `/keys/${key.id}`);
    const { body } = await send("GET", "/admin/audit?tenant=self-served");
    const own = (action: string, target: string, detail = {}) =>
      expect.objectContaining({ actor: `key ${keyId}`, action, target, detail });
    expect(body.entries.slice(0, 6)).toEqual([
      own("key.revoke", key.id),
      own("key.create", key.id, { scopes: ["read"], expiresAt: null }),
      own("host.delete", "own.example.org"),
      own("host.put", "own.example.org", { function: null }),
      own("secret.delete", "TOKEN"),
      own("secret.put", "TOKEN", { version: 1 }),
    ]);
    for (const hidden of ["a-secret-value", key.key])
      expect(JSON.stringify(body)).not.toContain(hidden);
  });

  it("are listed with who, what and when, and no value that is secret", async () => {
    const path = "/admin/tenants/audited";
    const secret = "a-secret-value";
    await send("PUT", path, { env: { A: secret }, timeout: 5 });
    await send("PATCH", path, {
      env: { B: secret },
      timeout: null,
      database: `postgres://x:${secret}@d/x`,
    });
    const { body: key } = await send("POST", `${path}/keys`, { label: "CI" });
    await send("POST", `${path}/suspend`, { reason: "unpaid" });
    await send("POST", `${path}/resume`);
    await send("DELETE", `${path}/keys/${key.id}`);
    // Refused ones change nothing.
    await send("PATCH", path, { timeout: 0 });
    await send("DELETE", `${path}/keys/${key.id}`);
    const deleted = await send("DELETE", path);
    const { body } = await send("GET", "/admin/audit?tenant=audited");
    const common = { actor: "admin", tenant: "audited", target: "audited", detail: {} };
    const entry = (action: string, more: object = {}) => ({
      ...common,
      action,
      id: expect.any(String),
      at: expect.any(String),
      requestId: expect.any(String),
      ...more,
    });
    expect(body).toEqual({
      entries: [
        entry("tenant.delete", { requestId: deleted.headers.get("x-request-id") }),
        entry("key.revoke", { target: key.id }),
        entry("tenant.resume"),
        entry("tenant.suspend", { detail: { reason: "unpaid" } }),
        entry("key.create", { target: key.id, detail: { label: "CI" } }),
        entry("tenant.update", { detail: { changed: ["timeout", "env.B", "database"] } }),
        entry("tenant.create", {
          detail: { changed: ["concurrency", "queue", "timeout", "env.A"] },
        }),
      ],
    });
    for (const hidden of [secret, key.key]) expect(JSON.stringify(body)).not.toContain(hidden);
    const first = await send("GET", "/admin/audit?tenant=audited&action=tenant.create");
    expect(first.body.entries).toHaveLength(1);
    const page = await send("GET", "/admin/audit?tenant=audited&limit=2");
    const rest = await send("GET", `/admin/audit?tenant=audited&cursor=${page.body.next}`);
    expect([...page.body.entries, ...rest.body.entries]).toEqual(body.entries);
  });

  it("are listed although what came after them failed", async () => {
    const path = "/admin/tenants/half-read";
    const { tenants } = host.store;
    // Fails once something has been written: what is read then is the result.
    let isAway = false;
    const failing = new Proxy(tenants, {
      get: (_, name: "get" | "put" | "suspend") => {
        return async (...args: never[]) => {
          if (name === "get" && isAway) throw new Error("The store is away");
          const result = await (tenants[name] as (...all: never[]) => Promise<unknown>)(...args);
          isAway = name !== "get";
          return result;
        };
      },
    });
    Object.assign(host.store, { tenants: failing });
    const other = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY }, [engine]);
    Object.assign(host.store, { tenants });
    for (const [method, at, asked] of [
      ["PUT", path, { timeout: 5 }],
      ["PATCH", path, { timeout: 6 }],
      ["POST", `${path}/suspend`, { reason: "unpaid" }],
      ["POST", `${path}/resume`, undefined],
    ] as const) {
      isAway = false;
      expect((await other.admin(method, at, asked)).status).toBe(500);
    }
    const { body } = await send("GET", "/admin/audit?tenant=half-read");
    expect(body.entries.map(({ action, detail }: never) => [action, detail])).toEqual([
      ["tenant.resume", {}],
      ["tenant.suspend", { reason: "unpaid" }],
      ["tenant.update", { changed: ["timeout"] }],
      ["tenant.create", { changed: ["concurrency", "queue", "timeout"] }],
    ]);
  });

  it("are exported as lines of JSON, page by page as they are read", async () => {
    await server.tenant("lines");
    for (let n = 0; n < 210; n += 1) {
      await host.store.audit.record({
        id: crypto.randomUUID(),
        ...{ actor: "admin", action: "a.b", tenant: "lines", target: `${n}`, detail: {} },
        requestId: "r",
      });
    }
    const response = await server.app.request("/admin/audit?tenant=lines&action=a.b", {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, accept: "application/x-ndjson" },
    });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const parts: string[][] = [];
    for await (const bytes of response.body ?? []) {
      parts.push(new TextDecoder().decode(bytes).trimEnd().split("\n"));
    }
    expect(parts.map(({ length }) => length)).toEqual([200, 10]);
    const targets = parts.flat().map((line) => Number(JSON.parse(line).target));
    expect(targets.sort((a, b) => a - b)).toEqual(Array.from({ length: 210 }, (_, n) => n));
  });

  it("stand although their record fails, which the log tells", async () => {
    const told: [string, string][] = [];
    const onError = (error: unknown, requestId: string) => told.push([String(error), requestId]);
    const failing = { record: () => Promise.reject(new Error("full")) };
    const change = { action: "tenant.create", target: "unrecorded" };
    await auditLog(failing, onError)(change, { caller: undefined, requestId: "r" });
    const message = 'Error: tenant.create of "unrecorded" is not in the log of changes';
    expect(told).toEqual([[message, "r"]]);
  });
});
