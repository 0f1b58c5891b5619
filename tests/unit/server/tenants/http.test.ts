import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Aborted } from "../../../../src/base/errors.ts";
import {
  ADMIN_KEY,
  type Ask,
  SECRET_KEY,
  type Told,
  tenantsApp,
} from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;
type Server = ReturnType<Host["start"]>;

let host: Host;
let server: Server;
beforeAll(async () => {
  host = await tenantsApp();
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
}, 60_000);
afterAll(() => host.close());

const code = "export default () => 1";
const problem = (name: string) => ({ error: { code: name, requestId: expect.any(String) } });

/** Reads the code of an error. The registry has a shape of its own. */
const codeOf = ({ body }: Told) => body.error?.data?.code ?? body.error?.code ?? body.code;

/** Returns the code that a route's error has. The shape of Piston has none. */
const codeAt = (path: string, code: string) => (path.startsWith("/api/v2/") ? undefined : code);

/** Lists every route except those of scope `none`, from its contract. */
async function guarded(): Promise<[method: string, path: string, scope: string][]> {
  const { body } = await server.as(undefined)("GET", "/openapi.json");
  const routes: [string, string, string][] = [];
  for (const [path, methods] of Object.entries<Record<string, { security: object[] }>>(
    body.paths,
  )) {
    for (const [method, { security }] of Object.entries(methods)) {
      const [scope] = security.flatMap(Object.keys);
      if (scope === undefined) continue;
      const filled = path.replace("{id}", "acme").replace("{keyId}", "0123456789abcdef");
      routes.push([method.toUpperCase(), filled, scope]);
    }
  }
  return routes;
}

describe("a key", () => {
  it("is needed for everything but health and the contract", async () => {
    const routes = await guarded();
    expect(routes.length).toBeGreaterThan(8);
    for (const [method, path] of routes) {
      const answer = await server.as(undefined)(method, path);
      expect([path, answer.status, codeOf(answer)]).toEqual([
        path,
        401,
        codeAt(path, "UNAUTHORIZED"),
      ]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
    const nobody = server.as(undefined);
    expect((await nobody("GET", "/healthz")).body).toEqual({ status: "ok" });
    const version = expect.any(String);
    expect((await nobody("GET", "/readyz")).body).toEqual({ status: "unready", version });
    expect((await nobody("POST", "/readyz")).status).toBe(405);
  });

  it("of a tenant opens what is a tenant's, the operator's what is theirs", async () => {
    const { ask } = await server.tenant("acme");
    for (const [method, path, scope] of await guarded()) {
      const wrong = scope === "admin" ? ask : server.admin;
      const answer = await wrong(method, path);
      expect([path, answer.status, codeOf(answer)]).toEqual([
        path,
        403,
        codeAt(path, "WRONG_SCOPE"),
      ]);
    }
    expect((await ask("POST", "/execute", { code })).status).toBe(200);
  });

  it.each([
    ["none", undefined],
    ["a text", "isolate_"],
    ["one that nobody has", `isolate_0123456789abcdef_${"A".repeat(43)}`],
    ["the operator's, but for its end", `${ADMIN_KEY.slice(0, -1)}x`],
    ["the operator's, and more", `${ADMIN_KEY}x`],
  ])("that is %s is refused", async (_what, key) => {
    const ask = server.as(key);
    expect((await ask("POST", "/execute", { code })).status).toBe(401);
    expect((await ask("GET", "/admin/tenants")).status).toBe(401);
  });

  it("is good with its own secret alone", async () => {
    const first = await server.tenant("first");
    const second = await server.tenant("second");
    const mixed = first.key.slice(0, 25) + second.key.slice(25);
    expect((await server.as(mixed)("GET", "/tenant")).status).toBe(401);
    expect((await first.ask("GET", "/tenant")).body).toMatchObject({ id: "first" });
  });

  it("is kept nowhere, listed by how it begins, and gone at once when it is revoked", async () => {
    const { ask, key, keyId } = await server.tenant("keys");
    const path = "/admin/tenants/keys/keys";
    const labelled = await server.admin("POST", path, { label: "CI" });
    expect(labelled).toMatchObject({
      status: 201,
      body: { id: expect.any(String), key: expect.any(String) },
    });
    const listed = await server.admin("GET", path);
    expect(listed.body.keys).toEqual([
      {
        id: keyId,
        prefix: key.slice(0, 25),
        label: "",
        scopes: null,
        expiresAt: null,
        lastUsedAt: null,
        createdAt: expect.any(String),
      },
      expect.objectContaining({ label: "CI" }),
    ]);
    const kept = JSON.stringify([listed.body, await host.store.keys.list("keys")]);
    expect(kept).not.toContain(key.slice(25));

    expect((await ask("GET", "/tenant")).status).toBe(200);
    expect((await server.admin("DELETE", `/admin/tenants/acme/keys/${keyId}`)).status).toBe(404);
    expect((await ask("GET", "/tenant")).status).toBe(200);
    expect((await server.admin("DELETE", `${path}/${keyId}`)).status).toBe(204);
    expect((await ask("GET", "/tenant")).status).toBe(401);
    expect((await server.admin("DELETE", `${path}/${keyId}`)).body).toMatchObject(
      problem("KEY_NOT_FOUND"),
    );
  });
});

describe("a tenant", () => {
  it("is made, replaced, shown, listed and deleted", async () => {
    const path = "/admin/tenants/shop";
    const settings = { ceiling: { net: ["x.org"] }, tools: ["crypto"], timeout: 500, retention: 7 };
    const made = await server.admin("PUT", path, settings);
    const shown = { id: "shop", ...settings, concurrency: 16, queue: 64, env: [], database: false };
    expect(made).toMatchObject({ status: 201, body: shown });
    const replaced = await server.admin("PUT", path, { concurrency: 1 });
    expect(replaced.status).toBe(200);
    expect(replaced.body).not.toHaveProperty("ceiling");
    const { warnings, ...left } = replaced.body;
    const reset = ["ceiling", "retention", "timeout", "tools"];
    expect(warnings.map((text: string) => text.split(":")[0])).toEqual(reset);
    const used = {
      executions: 0,
      cpu: 0,
      resetsAt: expect.any(String),
      storage: expect.any(Object),
    };
    expect((await server.admin("GET", path)).body).toEqual({ ...left, used });
    const { ask } = await server.tenant("shop", { concurrency: 3 });
    expect((await ask("GET", "/tenant")).body).toMatchObject({
      id: "shop",
      concurrency: 3,
      used: { executions: 0, cpu: 0 },
    });

    const ids: string[] = [];
    for (let next: string | undefined = ""; next !== undefined; ) {
      const after: string = next === "" ? "" : `&after=${next}`;
      const page = await server.admin("GET", `/admin/tenants?limit=2${after}`);
      expect(page.body.tenants.length).toBeLessThanOrEqual(2);
      ids.push(...page.body.tenants.map(({ id }: { id: string }) => id));
      next = page.body.next;
    }
    expect(ids).toContain("shop");
    expect(ids).toEqual([...new Set(ids)].sort());

    expect((await server.admin("DELETE", path)).status).toBe(204);
    expect((await ask("GET", "/tenant")).status).toBe(401);
    for (const [method, at, body] of [
      ["GET", path],
      ["DELETE", path],
      ["GET", `${path}/keys`],
      ["POST", `${path}/keys`, {}],
    ] as const) {
      const gone = await server.admin(method, at, body);
      expect(gone).toMatchObject({ status: 404, body: problem("TENANT_NOT_FOUND") });
    }
  });

  it("that comes again by the same name opens with no key of the one before", async () => {
    const { ask } = await server.tenant("phoenix");
    expect((await ask("GET", "/tenant")).status).toBe(200);
    await server.admin("DELETE", "/admin/tenants/phoenix");
    await server.admin("PUT", "/admin/tenants/phoenix", {});
    expect((await ask("GET", "/tenant")).status).toBe(401);
  });

  it("has its limits from the next request on", async () => {
    const { ask } = await server.tenant("limited");
    expect((await ask("POST", "/execute", { code, timeout: 900 })).status).toBe(200);
    await server.admin("PUT", "/admin/tenants/limited", {
      timeout: 800,
      bodyBytes: 1_024,
      egressRequests: 20_000,
    });
    expect((await ask("GET", "/tenant")).body).toMatchObject({ egressRequests: 20_000 });
    expect(await ask("POST", "/execute", { code, timeout: 900 })).toMatchObject({
      status: 403,
      body: { error: { field: "timeout", message: expect.stringContaining("800") } },
    });
    expect(await ask("POST", "/execute", { code: code.padEnd(1_100) })).toMatchObject({
      status: 413,
      body: { error: { code: "PAYLOAD_TOO_LARGE" } },
    });
    expect((await ask("POST", "/plan", { code })).body).toMatchObject({ level: "container" });
  });

  it.each<[string, unknown, string]>([
    ["an unknown field", { memroy: 256 }, "memroy"],
    ["a number that is text", { timeout: "5" }, "timeout"],
    ["no request to the network", { egressRequests: 0 }, "egressRequests"],
    ["a level that no server has", { sandbox: ["none"] }, "sandbox[0]"],
    ["no level at all", { sandbox: [] }, "sandbox"],
    ["a ceiling that is none", { ceiling: { net: ["x.org", "a/b"] } }, "ceiling.net[1]"],
    ["a permission that is none", { ceiling: { nte: [] } }, "ceiling.nte"],
    ["half a rate", { rate: { requests: 1 } }, "rate.seconds"],
    ["a variable with a bad name", { env: { "A-B": "1" } }, "env.A-B"],
    ["a variable that is no text", { env: { A: 1 } }, "env.A"],
    ["a database that is none", { database: "mysql://u:pw@h/d" }, "database"],
    ["a list", [], ""],
  ])("with %s is refused by name", async (_what, settings, field) => {
    const answer = await server.admin("PUT", "/admin/tenants/bad", settings);
    expect(answer).toMatchObject({ status: 400, body: problem("BAD_REQUEST") });
    expect(answer.body.error.field ?? "").toBe(field);
    expect(JSON.stringify(answer.body)).not.toContain("pw@");
    expect((await server.admin("GET", "/admin/tenants/bad")).status).toBe(404);
  });

  it.each(["A", "a_b", "-a", "a".repeat(64), "a%2Fb", "%00"])(
    "may not be called %s",
    async (id) => {
      const answer = await server.admin("PUT", `/admin/tenants/${id}`, {});
      expect(answer).toMatchObject({ status: 400, body: { error: { field: "id" } } });
    },
  );
});

describe("what a tenant has used up", () => {
  it("is refused with the time to come again at, and is so after a restart", async () => {
    const { ask, key } = await server.tenant("spender", { budget: { executions: 2 } });
    for (let n = 0; n < 2; n += 1)
      expect((await ask("POST", "/execute", { code })).status).toBe(200);
    await server.services.executionWriter.flush();
    const restarted = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
    for (const some of [ask, restarted.as(key)]) {
      const refused = await some("POST", "/execute", { code });
      expect(refused).toMatchObject({ status: 429, body: problem("BUDGET_EXHAUSTED") });
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await some("GET", "/tenant")).body.used.executions).toBe(2);
    }
    expect(restarted.engine.jobs).toEqual([]);
  });

  it("is not what was refused for a reason of its own", async () => {
    const { ask } = await server.tenant("typist", { budget: { executions: 1 } });
    for (let n = 0; n < 3; n += 1) {
      expect((await ask("POST", "/execute", { code, timeout: 0.5 })).status).toBe(400);
      expect((await ask("POST", "/execute", { code, tools: ["nothing"] })).status).toBe(400);
    }
    expect((await ask("POST", "/execute", { code })).status).toBe(200);
  });

  it("by its rate is answered in the same way", async () => {
    const { ask } = await server.tenant("quick", { rate: { requests: 1, seconds: 60 } });
    await ask("POST", "/execute", { code });
    const refused = await ask("POST", "/execute", { code });
    expect(refused).toMatchObject({ status: 429, body: problem("RATE_LIMIT") });
  });
});

describe("a tenant that is deleted", () => {
  /** Makes an execution run until it is aborted. */
  function held() {
    const begun = vi.spyOn(server.engine, "execute").mockImplementationOnce(
      (_job, { signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(new Aborted()));
        }),
    );
    return { begun: () => vi.waitFor(() => expect(begun).toHaveBeenCalled()), spy: begun };
  }

  it("has what it runs ended, and leaves nothing behind", async () => {
    const { ask } = await server.tenant("brief", { concurrency: 1 });
    const { begun, spy } = held();
    const running = ask("POST", "/execute", { code });
    await begun();
    const waiting = ask("POST", "/execute", { code });
    expect((await server.admin("DELETE", "/admin/tenants/brief")).status).toBe(204);
    for (const ended of await Promise.all([running, waiting])) {
      expect(ended).toMatchObject({ status: 401, body: problem("UNAUTHORIZED") });
    }
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockRestore();
    await server.services.executionWriter.flush();
    expect(await host.store.executions.list("brief", { limit: 10 })).toEqual([]);
  });

  it.each(["/execute", "/plan"])(
    "is answered nothing that was sent by half before, to %s",
    async (path) => {
      const { key } = await server.tenant("slow");
      let send: (text: string) => void = () => {};
      let end = (): void => {};
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          send = (text) => controller.enqueue(new TextEncoder().encode(text));
          end = () => controller.close();
        },
      });
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const init = { method: "POST", headers, body, duplex: "half" } as RequestInit;
      const before = server.engine.jobs.length;
      const late = server.app.request(path, init);
      send('{"code":');
      await server.admin("DELETE", "/admin/tenants/slow");
      send(`${JSON.stringify(code)}}`);
      end();
      expect((await late).status).toBe(401);
      expect(server.engine.jobs.length).toBe(before);
    },
  );

  it("runs nothing for whoever was let in before", async () => {
    await server.tenant("stale");
    const caller = await server.tenancy.auth.caller("stale");
    if (caller === undefined) throw new Error("There is no such tenant");
    await server.admin("DELETE", "/admin/tenants/stale");
    await server.admin("PUT", "/admin/tenants/stale", {});
    const run = { caller, via: "execute", requestId: "r", request: { code } } as const;
    await expect(server.services.runs.run(run)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(await host.store.executions.list("stale", { limit: 10 })).toEqual([]);
  });

  it("leaves no sandbox to the one that comes after it by the same name", async () => {
    const keys: (string | undefined)[] = [];
    for (let n = 0; n < 2; n += 1) {
      const { ask } = await server.tenant("heir");
      for (let m = 0; m < 2; m += 1) {
        expect((await ask("POST", "/execute", { code, reuse: "code" })).status).toBe(200);
        keys.push(server.engine.jobs.at(-1)?.options.reuse?.key);
      }
      await server.admin("DELETE", "/admin/tenants/heir");
    }
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).toBe(keys[3]);
    expect(keys[0]).not.toBe(keys[2]);
  });
});

describe("what is secret of a tenant", () => {
  const secrets = { env: { TOKEN: "s3cret", A: "a" }, database: "postgres://u:pa55@db.example/d" };

  it("is sealed in the store, never shown, and kept until it is replaced", async () => {
    const path = "/admin/tenants/vault";
    const made = await server.admin("PUT", path, secrets);
    const hidden = { env: ["A", "TOKEN"], database: true };
    expect(made).toMatchObject({ status: 201, body: hidden });
    const { ask } = await server.tenant("vault", { timeout: 700 });
    const seen = [
      made.body,
      (await server.admin("GET", path)).body,
      (await server.admin("GET", "/admin/tenants")).body,
      (await ask("GET", "/tenant")).body,
      await host.store.tenants.get("vault"),
    ];
    expect(seen[1]).toMatchObject({ ...hidden, timeout: 700 });
    expect(seen[3]).toMatchObject(hidden);
    expect(JSON.stringify(seen)).not.toMatch(/s3cret|pa55|db\.example/);

    const request = { code, permissions: { env: ["TOKEN"] } };
    expect((await ask("POST", "/execute", request)).status).toBe(200);
    expect(JSON.stringify(server.engine.jobs.at(-1))).toContain("s3cret");

    await server.admin("PUT", path, { env: { B: "b" } });
    expect((await server.admin("GET", path)).body).toMatchObject({ env: ["B"], database: true });
    expect((await ask("POST", "/execute", request)).status).toBe(403);
    await server.admin("PUT", path, { database: null });
    expect((await server.admin("GET", path)).body).toMatchObject({ env: ["B"], database: false });
    await server.admin("PUT", path, { env: {} });
    expect((await host.store.tenants.get("vault"))?.secrets).toBeNull();
  });

  it("needs a secret key to be kept, and says so", async () => {
    const keyless = host.start({ adminKey: ADMIN_KEY });
    for (const [field, settings] of [
      ["env", { env: { A: "1" } }],
      ["database", { database: secrets.database }],
    ] as const) {
      const answer = await keyless.admin("PUT", "/admin/tenants/bare", settings);
      expect(answer).toMatchObject({
        status: 409,
        body: { error: { code: "SECRET_KEY_MISSING", field } },
      });
      expect(answer.body.error.message).toContain("ISOLATE_SECRET_KEY");
    }
    expect((await keyless.admin("PUT", "/admin/tenants/bare", { timeout: 5 })).status).toBe(201);
  });

  it("that does not open keeps the tenant from running, and can be replaced", async () => {
    const { key } = await server.tenant("locked", secrets);
    const other = host.start({ adminKey: ADMIN_KEY, secretKey: new Uint8Array(32).fill(8) });
    const failed = await other.as(key)("POST", "/execute", { code });
    expect(failed).toMatchObject({ status: 503, body: problem("SECRETS_UNREADABLE") });
    expect(other.engine.jobs).toEqual([]);
    const shown = await other.admin("GET", "/admin/tenants/locked");
    expect(shown.body).toMatchObject({ env: ["A", "TOKEN"], database: true });
    const half = await other.admin("PUT", "/admin/tenants/locked", { env: {} });
    expect(half).toMatchObject({ status: 503, body: problem("SECRETS_UNREADABLE") });
    const all = { env: {}, database: null };
    expect((await other.admin("PUT", "/admin/tenants/locked", all)).status).toBe(200);
    expect((await other.as(key)("POST", "/execute", { code })).status).toBe(200);
  });
});

it("a server for one machine needs no key, and has nothing to administer", async () => {
  const open = host.start({});
  const nobody = open.as(undefined);
  expect((await nobody("POST", "/execute", { code })).status).toBe(200);
  expect((await nobody("GET", "/tenant")).body).toMatchObject({ id: "default" });
  expect((await nobody("GET", "/readyz")).body).toMatchObject({ reason: expect.any(String) });
  const disabled = await nobody("PUT", "/admin/tenants/acme", {});
  expect(disabled).toMatchObject({ status: 403, body: problem("ADMIN_DISABLED") });
  expect(disabled.body.error.message).toContain("ISOLATE_ADMIN_KEY");
});

describe("a tenant whose settings name no level", () => {
  const at = async ({ ask }: { ask: Ask }, sandbox?: string) => {
    const { status, body } = await ask("POST", "/execute", { code, ...(sandbox && { sandbox }) });
    return status === 200 ? [status] : [status, body.error.code, body.error.field];
  };

  it("has containers alone", async () => {
    const plain = await server.tenant("plain");
    expect(await at(plain)).toEqual([200]);
    expect(await at(plain, "container")).toEqual([200]);
    expect(await at(plain, "isolated")).toEqual([403, "TENANT_LIMIT", "sandbox"]);
    const { body } = await plain.ask("POST", "/execute", { code, sandbox: "isolated" });
    expect(body.error.message).toBe(
      'sandbox: This tenant may not have "isolated"; it may have container',
    );
    const bold = await server.tenant("bold", { sandbox: ["container", "isolated"] });
    expect(await at(bold, "isolated")).toEqual([200]);
  });

  it("has what the operator says of all of them", async () => {
    const levels = ["isolated", "container"] as const;
    const other = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY, tenantLevels: levels });
    const plain = await other.tenant("usual");
    expect(await at(plain, "isolated")).toEqual([200]);
    const { body } = await plain.ask("POST", "/plan", { code });
    expect(body.level).toBe("isolated");
  });
});
