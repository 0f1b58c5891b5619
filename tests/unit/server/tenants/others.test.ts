/**
 * Tests that a tenant's key gives no access to another tenant's objects. Tries every route of the
 * contract that names one.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../../contract/engine-contract.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";
import type { Contract, Operation, Schema } from "../../../helpers/generated-requests.ts";
import {
  NAMELESS,
  type Owned,
  type Probe,
  probesOf,
  SHARED_BODY,
} from "../../../helpers/probes-of-others.ts";
import { form } from "../../../helpers/registry-server.ts";
import { ADMIN_KEY, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;
type Server = ReturnType<Host["start"]>;
type Member = Awaited<ReturnType<Server["tenant"]>>;

/** Text in code, files, inputs and results of the owner. No other tenant may see it. */
const SECRET = "a-secret-of-the-owners";
const code = `export default () => "${SECRET}"`;
const JSON_TYPE = { "content-type": "application/json" };

let host: Host;
let server: Server;
let engine: RecordingEngine;
let owner: Member;
let owned: Owned;
let contract: Contract;
/** Texts that no answer to the thief may contain. */
let secrets: string[];

beforeAll(async () => {
  host = await tenantsApp();
  const isOwners = (text: string) => text.includes(SECRET);
  engine = new RecordingEngine("container", (job) => ({
    result: isOwners(job.code) ? SECRET : "somebody's",
    ...(isOwners(job.code) && {
      logs: [{ level: "log" as const, message: SECRET, timestamp: 1 }],
    }),
  }));
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY }, [engine]);
  owner = await server.tenant("owner", { env: { [SECRET.replaceAll("-", "_")]: SECRET } });
  contract = (await server.as(undefined)("GET", "/openapi.json")).body;
  owned = await possessions();
  const { body } = await owner.ask("GET", "/tenant/callback-secret");
  secrets = [SECRET, SECRET.replaceAll("-", "_"), owner.key, owner.keyId, body.secret];
  secrets.push(owned.execution, owned.job, owned.waiting);
}, 60_000);
afterAll(() => host.close());

function send(
  key: string,
  method: string,
  probe: Omit<Probe, "names" | "expected">,
  form?: FormData,
) {
  const { path, body, headers } = probe;
  const sent = form ?? (body === undefined ? undefined : JSON.stringify(body));
  const type = body === undefined ? {} : JSON_TYPE;
  const all = { ...type, ...headers, authorization: `Bearer ${key}` };
  return server.app.request(path, { method, headers: all, ...(sent && { body: sent }) });
}

/** Makes one object of each kind for the owner. */
async function possessions(): Promise<Owned> {
  const { ask, key } = owner;
  const names = { name: "orders", site: "site", idempotencyKeys: ["a", "b", "c", "d"] };
  for (const text of [code, `${code};`]) await ask("PUT", "/functions/orders", { code: text });
  await ask("PUT", "/functions/site", { code, kind: "http" });
  const nightly = { cron: "@daily", input: SECRET, timezone: "UTC" };
  expect((await ask("PUT", "/functions/orders/schedules/nightly-orders", nightly)).body.id).toBe(
    "nightly-orders",
  );
  for (const each of names.idempotencyKeys) {
    const headers = { "idempotency-key": each };
    await send(key, "POST", { path: "/execute", body: SHARED_BODY, headers });
  }
  const { body: ran } = await ask("POST", "/execute", { code, input: SECRET });
  expect(ran.result).toBe(SECRET);
  expect((await ask("POST", "/functions/orders/invoke", {})).body.logs).toHaveLength(1);
  const later = { path: "/execute", body: { code }, headers: { prefer: "respond-async" } };
  const accept = async (): Promise<string> => (await (await send(key, "POST", later)).json()).id;
  const job = await accept();
  const { worker } = server.services;
  worker.start();
  await until(async () => (await ask("GET", `/jobs/${job}`)).body.status === "done");
  await worker.close();
  const waiting = await accept();
  const resource = { domain: "owner.org", version: "1" };
  const decisions = { name: "ledger", description: SECRET, code, sandbox: "container" } as const;
  await host.store.types.add("owner", decisions);
  await host.store.hosts.put({ tenant: "owner", name: "shop.example", function: "site" });
  await host.store.hosts.verify({ tenant: "owner", name: "shop.example" });
  const lock = { dependencies: { zod: "4" }, hash: SECRET, packages: [] };
  await host.store.packageSets.put({ tenant: "owner", name: "kit", lock });
  await ask("PUT", "/secrets/API_TOKEN", { value: SECRET });
  for (const [name, type] of [
    ["plan", "text"],
    ["books", "ledger"],
  ]) {
    const parts = await form({ ...resource, name, type }, "what everybody may read");
    expect((await send(key, "POST", { path: "/api/v1/publish" }, parts)).status).toBe(201);
  }
  return {
    ...{ ...names, tenant: "owner", version: 2, execution: ran.id, job, waiting },
    ...{
      set: "kit",
      schedule: "nightly-orders",
      host: "shop.example",
      secret: "API_TOKEN",
      keyId: owner.keyId,
      domain: "owner.org",
      locator: "owner.org/plan.text@1",
      typed: "owner.org/books.ledger@1",
    },
  };
}

/** Reads everything that the owner sees of its objects. */
async function inventory(): Promise<unknown[]> {
  const paths = ["/tenant", "/executions?limit=200", "/functions", "/functions/orders"];
  paths.push(`/executions/${owned.execution}/logs`, "/functions/orders/logs");
  paths.push("/functions/orders/versions", "/functions/orders/versions/2", "/functions/site");
  paths.push("/packages", "/packages/kit", "/functions/orders/schedules");
  paths.push("/functions/orders/schedules/nightly-orders/runs");
  paths.push("/hosts");
  paths.push("/secrets", "/secrets/API_TOKEN");
  paths.push(`/jobs/${owned.job}`, `/jobs/${owned.waiting}`, "/api/v1/types");
  paths.push(`/api/v1/resource?locator=${owned.locator}`, "/api/v1/search?q=owner.org");
  const all: unknown[] = [];
  for (const path of paths) {
    const { status, body } = await owner.ask("GET", path);
    expect([path, status]).toEqual([path, 200]);
    all.push(body);
  }
  all.push((await server.admin("GET", "/admin/tenants/owner/keys")).body);
  return all;
}

/** Lists the parameters of an operation, as `in:name`. */
function taken({ parameters = [], requestBody }: Operation): string[] {
  const [content] = Object.values(requestBody?.content ?? {});
  const given = parameters.map((parameter) => `${parameter.in}:${parameter.name}`);
  return [...given, ...fields(content?.schema).map((field) => `body:${field}`)];
}

function fields(schema: Schema | undefined): string[] {
  if (schema === undefined) return [];
  const { $ref, allOf = [], properties = {} } = schema;
  const named = $ref && contract.components.schemas[$ref.split("/").at(-1) ?? ""];
  return [...Object.keys(properties), ...[...allOf, ...(named ? [named] : [])].flatMap(fields)];
}

function operations(): [name: string, method: string, path: string, operation: Operation][] {
  return Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): ReturnType<typeof operations>[number] => [
      `${method.toUpperCase()} ${path}`,
      method.toUpperCase(),
      path,
      operation,
    ]),
  );
}

it("has a probe for whatever an operation takes that may name something", () => {
  const probes = probesOf(owned, false);
  const missing = operations()
    .filter(([, , , { security }]) => !security.some((scope) => "admin" in scope))
    .flatMap(([name, , , operation]) => {
      const probed = new Set((probes[name] ?? []).flatMap(({ names }) => names));
      return taken(operation)
        .filter((each) => !probed.has(each) && !NAMELESS.has(each))
        .map((each) => `${name} ${each}`);
    });
  expect(missing).toEqual([]);
  const known = operations().map(([name]) => name);
  expect(Object.keys(probes).filter((name) => !known.includes(name))).toEqual([]);
  expect(operations().flatMap(([, , , operation]) => taken(operation)).length).toBeGreaterThan(80);
});

it.each([
  ["nothing by the names of the owner's", false],
  ["functions by the same names", true],
])(
  "a tenant with %s gets none of the owner's, and changes nothing of it",
  async (_what, hasSame) => {
    const id = hasSame ? "namesake" : "stranger";
    const thief = await server.tenant(id);
    for (const name of hasSame ? [owned.name, owned.site] : []) {
      await thief.ask("PUT", `/functions/${name}`, { code: "export default () => 4" });
    }
    const before = await inventory();
    const jobs = engine.jobs.length;
    let ran = 0;
    for (const [name, probes] of Object.entries(probesOf(owned, hasSame))) {
      const [method = ""] = name.split(" ");
      for (const probe of probes) {
        const response = await send(thief.key, method, probe, await probe.form?.());
        const text = await response.text();
        const told = `${name} as ${probe.path}: ${response.status} ${text}`;
        const {
          code: flat,
          error,
          id: run,
          message,
        } = text.startsWith("{") ? JSON.parse(text) : { code: "" };
        const [status, expected] = probe.expected;
        const seen =
          status >= 400 ? [response.status, error?.code ?? flat ?? message] : [response.status];
        expect([told, ...seen]).toEqual([told, status, ...(expected ? [expected] : [])]);
        expect(secrets.filter((secret) => told.replace(probe.path, "").includes(secret))).toEqual(
          [],
        );
        expect(response.headers.has("idempotency-replayed")).toBe(false);
        if (run !== undefined || text.includes('"results"')) ran += name.startsWith("POST") ? 1 : 0;
      }
    }
    // Successful requests were run for the thief, with its own code.
    const since = engine.jobs.slice(jobs);
    expect(since.length).toBeGreaterThanOrEqual(3);
    expect(since).toHaveLength(ran);
    expect(JSON.stringify(since.map(({ job }) => job.code))).not.toContain(SECRET);
    expect(new Set(since.map(({ options }) => options.tenant))).toEqual(new Set([id]));
    expect(await inventory()).toEqual(before);
  },
);

it("an Idempotency-Key that two tenants have stands for an execution of each", async () => {
  const headers = { "idempotency-key": "both" };
  const twin = await server.tenant("twin");
  const idOf = async ({ key }: Member): Promise<string> => {
    const sent = { path: "/execute", body: SHARED_BODY, headers };
    return (await (await send(key, "POST", sent)).json()).id;
  };
  const [owners, twins] = [await idOf(owner), await idOf(twin)];
  expect(owners).not.toBe(twins);
  expect([await idOf(owner), await idOf(twin)]).toEqual([owners, twins]);
});

it("a tenant sees of lists without parameters what is its own", async () => {
  const thief = await server.tenant("thief");
  for (const path of ["/tenant", "/tenant/callback-secret", "/executions", "/functions"]) {
    const { status, body } = await thief.ask("GET", path);
    expect(status).toBe(200);
    expect(secrets.filter((secret) => JSON.stringify(body).includes(secret))).toEqual([]);
  }
  const { types } = (await thief.ask("GET", "/api/v1/types")).body;
  expect(types.map(({ name }: { name: string }) => name)).not.toContain("ledger");
});

it("a tenant's key opens no operation of the operator's", async () => {
  const thief = await server.tenant("thief");
  const before = await inventory();
  const admin = operations().filter(([, , , { security }]) =>
    security.some((scope) => "admin" in scope),
  );
  expect(admin.length).toBeGreaterThan(7);
  for (const [name, method, path] of admin) {
    const filled = path.replace("{id}", "owner").replace("{keyId}", owner.keyId);
    const body = method === "GET" || method === "DELETE" ? {} : { body: {} };
    for (const { key } of [thief, owner]) {
      const response = await send(key, method, { path: filled, ...body });
      const { error } = (await response.json()) as { error: { code: string } };
      expect([name, response.status, error.code]).toEqual([name, 403, "WRONG_SCOPE"]);
    }
  }
  expect(await inventory()).toEqual(before);
});
