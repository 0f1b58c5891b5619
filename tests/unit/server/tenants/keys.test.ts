/** Tests scopes, ends and uses of tenants' keys, and the routes by which tenants manage their own. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { needsOf, type Route } from "../../../../server/http/route.ts";
import { KeyUses } from "../../../../server/tenants/keys/key-uses.ts";
import { ADMIN_KEY, type Ask, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;
type Server = ReturnType<Host["start"]>;

let host: Host;
let server: Server;
let ask: Ask;
let adminKeys: (body: object) => ReturnType<Ask>;

beforeAll(async () => {
  host = await tenantsApp();
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
  ({ ask } = await server.tenant("acme"));
  adminKeys = (body) => server.admin("POST", "/admin/tenants/acme/keys", body);
  await ask("PUT", "/functions/f", { code });
  await ask("PUT", "/functions/site", { code, kind: "http" });
  await ask("PUT", "/functions/open", { code, kind: "http", public: true });
}, 60_000);
afterAll(() => host.close());

const code = "export default () => 1";

async function keyOf(scopes: readonly string[]): Promise<Ask> {
  const { status, body } = await ask("POST", "/keys", { scopes });
  expect(status).toBe(201);
  expect(body.scopes).toEqual(scopes);
  return server.as(body.key);
}

/** Requests that each need a scope of their own, and those of which one is enough. */
const CALLS: readonly [needs: readonly string[], method: string, path: string, body?: object][] = [
  [["execute"], "POST", "/execute", { code }],
  [["execute"], "POST", "/execute/batch", { requests: [{ code }] }],
  [["execute", "deploy", "read"], "POST", "/plan", { code }],
  [["execute"], "POST", "/api/v2/execute", {}],
  [["execute", "read"], "GET", "/api/v2/runtimes"],
  [["execute", "invoke:f"], "POST", "/functions/f/invoke", {}],
  [["execute", "invoke:site"], "GET", "/f/acme/site/"],
  [["execute"], "POST", "/sessions", { idle: 1 }],
  [["execute", "read"], "GET", "/sessions"],
  [["execute"], "POST", "/sessions/x/execute", { code }],
  [["execute"], "DELETE", "/sessions/x"],
  [["execute", "read"], "GET", "/jobs/x"],
  [["execute"], "DELETE", "/jobs/x"],
  [["deploy"], "PUT", "/functions/g", { code }],
  [["deploy"], "POST", "/functions/g/rollback", { version: 1 }],
  [["deploy"], "POST", "/functions/g/redeploy", {}],
  [["deploy"], "DELETE", "/functions/g"],
  [["deploy"], "DELETE", "/packages/none"],
  [["deploy"], "DELETE", "/api/v1/resource?locator=a.org/b.text@1"],
  [["deploy"], "POST", "/api/v1/types", { source: 1 }],
  [["execute"], "POST", "/api/v1/resolve", { locator: "a.org/b.text@1" }],
  [["read"], "GET", "/api/v1/search"],
  [["read"], "GET", "/functions"],
  [["read"], "GET", "/functions/f"],
  [["read"], "GET", "/executions"],
  [["read"], "GET", "/tenant"],
  [["manage"], "GET", "/tenant/callback-secret"],
  [["manage"], "GET", "/keys"],
  [["manage"], "DELETE", "/keys/0123456789abcdef"],
];

it("a key opens what its scopes say, and is told which it lacks", async () => {
  const scopes = ["execute", "deploy", "read", "manage", "invoke:f", "invoke:site"];
  for (const scope of scopes) {
    const narrow = await keyOf([scope]);
    for (const [needs, method, path, body] of CALLS) {
      const told = await narrow(method, path, body);
      const message: string =
        told.body?.error?.message ?? told.body?.error ?? told.body?.message ?? "";
      // The routes for clients of Piston answer with a message alone.
      const byMessage = message.startsWith("This needs a key") ? "WRONG_SCOPE" : undefined;
      const refusal = told.body?.error?.code ?? told.body?.code ?? byMessage;
      const what = `${scope}: ${method} ${path}`;
      if (needs.includes(scope)) {
        expect([what, refusal]).not.toEqual([what, "WRONG_SCOPE"]);
        // The engine of this test answers no HTTP request.
        expect([what, told.status < 500 || told.status === 502]).toEqual([what, true]);
        continue;
      }
      expect([what, told.status, refusal]).toEqual([what, 403, "WRONG_SCOPE"]);
      for (const need of needs) expect(message).toContain(`"${need}"`);
    }
    // It is no key less than none.
    expect((await narrow("GET", "/f/acme/open/")).status).not.toBe(403);
  }
});

it("a key that only calls a function gets no answers by idempotency keys of others, and takes none", async () => {
  const calls = async (key: string) => {
    const { body } = await ask("POST", "/keys", { scopes: [key] });
    return async (idempotency: string, asked: object) => {
      const response = await server.app.request("/functions/f/invoke", {
        method: "POST",
        headers: {
          ...{ authorization: `Bearer ${body.key}`, "content-type": "application/json" },
          "idempotency-key": idempotency,
        },
        body: JSON.stringify(asked),
      });
      const replayed = response.headers.get("idempotency-replayed");
      return [response.status, replayed, (await response.json()).id];
    };
  };
  const [owner, other, one] = [
    await calls("execute"),
    await calls("execute"),
    await calls("invoke:f"),
  ];
  const two = await calls("invoke:f");
  const [status, , id] = await owner("order-1", { input: 1 });
  expect(status).toBe(200);
  // Keys of scope execute may read what the others have run.
  expect(await other("order-1", { input: 1 })).toEqual([200, "true", id]);
  for (const narrow of [one, two]) {
    const [first, replayed, own] = await narrow("order-1", { input: 1 });
    expect([first, replayed, own === id]).toEqual([200, null, false]);
    expect(await narrow("order-1", { input: 1 })).toEqual([200, "true", own]);
  }
  // A narrow key that is first leaves the key to its tenant.
  await one("order-2", { input: "mine" });
  expect((await owner("order-2", { input: 2 }))[0]).toBe(200);
});

it("a key makes and revokes keys that may no more than itself", async () => {
  const end = new Date(Date.now() + 3_600_000).toISOString();
  const { body: made } = await ask("POST", "/keys", {
    scopes: ["manage", "execute"],
    expiresAt: end,
    label: "CI",
  });
  const own = server.as(made.key);
  const inherited = await own("POST", "/keys", {});
  expect(inherited).toMatchObject({
    status: 201,
    body: { scopes: ["manage", "execute"], expiresAt: end },
  });
  expect((await own("POST", "/keys", { scopes: ["invoke:f"] })).status).toBe(201);
  for (const [body, field] of [
    [{ scopes: null }, "scopes"],
    [{ scopes: ["read"] }, "scopes"],
    [{ scopes: ["execute", "deploy"] }, "scopes"],
    [{ expiresAt: null }, "expiresAt"],
    [{ expiresAt: new Date(Date.now() + 7_200_000).toISOString() }, "expiresAt"],
  ] as const) {
    const refused = await own("POST", "/keys", body);
    expect([body, refused.status, refused.body.error]).toMatchObject([
      body,
      403,
      { code: "WRONG_SCOPE", field },
    ]);
  }
  for (const body of [
    { scopes: [] },
    { scopes: ["all"] },
    { scopes: ["invoke:"] },
    { scopes: ["invoke:a/b"] },
    { expiresAt: "tomorrow" },
    { expiresAt: "2020-01-01T00:00:00Z" },
    { more: 1 },
  ]) {
    expect([body, (await ask("POST", "/keys", body)).status]).toEqual([body, 400]);
  }
  const { body: all } = await adminKeys({ label: "all" });
  expect(all).toEqual({ id: expect.any(String), key: expect.any(String) });
  expect((await own("DELETE", `/keys/${all.id}`)).body.error.code).toBe("WRONG_SCOPE");
  expect((await own("DELETE", `/keys/${inherited.body.id}`)).status).toBe(204);
  expect((await server.as(inherited.body.key)("GET", "/keys")).status).toBe(401);
  expect((await own("DELETE", `/keys/${inherited.body.id}`)).body.error.code).toBe("KEY_NOT_FOUND");
  const { body: listed } = await ask("GET", "/keys");
  expect(listed.keys).toContainEqual({
    id: made.id,
    prefix: made.key.slice(0, 25),
    label: "CI",
    scopes: ["manage", "execute"],
    expiresAt: end,
    lastUsedAt: expect.any(String),
    createdAt: expect.any(String),
  });
  expect(listed).toEqual((await server.admin("GET", "/admin/tenants/acme/keys")).body);
  expect(JSON.stringify(listed)).not.toContain(made.key.slice(25));
});

it("a key is refused from its end on, though it was used before", async () => {
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const { body } = await adminKeys({ scopes: ["read"], expiresAt });
  const own = server.as(body.key);
  expect((await own("GET", "/tenant")).status).toBe(200);
  const now = vi.spyOn(Date, "now").mockReturnValue(Date.parse(expiresAt));
  const refused = await own("GET", "/tenant");
  const another = await server.as(`${body.key.slice(0, -2)}AA`)("GET", "/tenant");
  now.mockRestore();
  expect(refused).toMatchObject({ status: 401, body: { error: { code: "KEY_EXPIRED" } } });
  expect(refused.body.error.message).toContain(expiresAt);
  expect(refused.headers.get("www-authenticate")).toBe("Bearer");
  expect(another).toMatchObject({ status: 401, body: { error: { code: "UNAUTHORIZED" } } });
});

it("uses of keys are noted many at a time, once a minute each, and lost without harm", async () => {
  const written: string[][] = [];
  const uses = new KeyUses({
    async used(noted) {
      written.push(noted.map(({ key }) => key));
      if (written.length > 1) throw new Error("away");
    },
  });
  for (const key of ["a", "b", "a"]) uses.note(key);
  expect(written).toEqual([]);
  await uses.flush();
  for (const key of ["a", "b", "c"]) uses.note(key);
  await uses.flush();
  await uses.flush();
  expect(written).toEqual([["a", "b"], ["c"]]);
});

it("every route for tenants states the scope that it needs", async () => {
  const { paths } = (await server.as(undefined)("GET", "/openapi.json")).body;
  for (const [path, methods] of Object.entries<Record<string, never>>(paths)) {
    for (const [method, { security, description }] of Object.entries<{
      security: object[];
      description?: string;
    }>(methods)) {
      if (!security.some((scheme) => "tenant" in scheme)) continue;
      expect([method, path, description]).toEqual([
        method,
        path,
        expect.stringMatching(/Scope of the key: (execute|deploy|read|manage|invoke:\{name\})/),
      ]);
    }
  }
  const silent = { scope: "tenant", method: "POST", path: "/new" } as Route;
  expect(() => needsOf(silent)).toThrow("POST /new");
  expect(needsOf({ ...silent, method: "GET" })).toEqual(["read"]);
});

it("a server without keys has all scopes, and makes no key", async () => {
  const open = host.start();
  const anyone = open.as(undefined);
  expect((await anyone("POST", "/execute", { code })).status).toBe(200);
  for (const [method, body] of [["GET"], ["POST", {}]] as const) {
    const told = await anyone(method, "/keys", body);
    expect(told).toMatchObject({ status: 403, body: { error: { code: "ADMIN_DISABLED" } } });
  }
});

it("a tenant has no more keys than it may, however many are made at once", async () => {
  const { ask: crowd } = await server.tenant("crowd");
  const made = await Promise.all(Array.from({ length: 130 }, () => crowd("POST", "/keys", {})));
  const refused = made.filter(({ status }) => status !== 201);
  expect(new Set(refused.map(({ body }) => body.error.code))).toEqual(new Set(["TOO_MANY_KEYS"]));
  expect((await crowd("GET", "/keys")).body.keys.length).toBeLessThanOrEqual(100);
});
