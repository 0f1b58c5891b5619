import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../contract/engine-contract.ts";
import { ControlPlane } from "../../../helpers/control-plane.ts";

const CODE = "export default () => new Response()";
let plane: ControlPlane;
let server: ReturnType<ControlPlane["serve"]>;

beforeAll(async () => {
  plane = await ControlPlane.open();
  server = plane.serve();
});
afterAll(() => plane.close());

/** Makes a tenant with a public function, and one of its own. */
async function owner(id: string, limits: object) {
  const tenant = await server.tenant(id, limits);
  for (const [name, isPublic] of [
    ["site", true],
    ["own", false],
  ] as const) {
    const body = { code: CODE, kind: "http", public: isPublic };
    expect((await tenant.put(`/functions/${name}`, body)).status).toBe(201);
  }
  return tenant;
}

describe("calls without a key", () => {
  it("leave half of their tenant's places to those with one", async () => {
    const tenant = await owner("acme", { concurrency: 4, queue: 4 });
    const ends: (() => void)[] = [];
    plane.behave = async ({ httpRequest: http }) => {
      if (http !== undefined) await new Promise<void>((resolve) => ends.push(resolve));
      return { result: "1" };
    };
    const calls = Array.from({ length: 12 }, () => server.app.request("/f/acme/site/"));
    const refused = (await Promise.race(calls)) as Response;
    expect(await refused.json()).toMatchObject({ error: { code: "CONCURRENCY_LIMIT" } });
    await until(() => ends.length === 2);
    const keyed = await Promise.all([1, 2].map(() => tenant.post("/execute", { code: "1" })));
    expect(keyed.map(({ status }) => status)).toEqual([200, 200]);
    expect(ends.length).toBe(2);
    const timer = setInterval(() => ends.shift()?.(), 5);
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    clearInterval(timer);
    expect(statuses.filter((status) => status === 429)).toHaveLength(8);
  });
});

describe("refused calls of a function", () => {
  it.each(["own", "site"])("count in the rate of whoever's key they bring: %s", async (name) => {
    const id = `limited-${name}`;
    const tenant = await owner(id, { rate: { requests: 3, seconds: 60 }, bodyBytes: 1_024 });
    const large = "x".repeat(2_000);
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      statuses.push((await tenant.post(`/f/${id}/${name}/`, large)).status);
    }
    expect(statuses).toEqual([413, 413, 413, 429, 429]);
  });
});

describe("a call whose body takes its time", () => {
  it("does not run for a key that was revoked, or a tenant that was suspended, meanwhile", async () => {
    const id = "slow";
    const { authorization } = await owner(id, {});
    const [key] = await server.tenancy.keyring.list(id);
    const jobs = server.engine.jobs.length;
    /** Begins a call, and returns what ends its body and resolves with the answer. */
    const begin = async (name: string, headers = {}) => {
      const body = new TransformStream<Uint8Array, Uint8Array>();
      const init = { method: "POST", body: body.readable, duplex: "half", headers } as RequestInit;
      const answer = server.app.request(new Request(`http://host/f/${id}/${name}/`, init));
      const writer = body.writable.getWriter();
      // Taken only once the call waits for the rest.
      for (let n = 0; n < 3; n += 1) await writer.write(new Uint8Array(1));
      return async () => {
        await writer.close();
        const response = await answer;
        return [response.status, (await response.json()).error?.code];
      };
    };
    const [own, site] = [await begin("own", { authorization }), await begin("site")];
    await server.tenancy.keyring.revoke(id, key?.id ?? "");
    expect(await own()).toEqual([401, "UNAUTHORIZED"]);
    // As another server does it: this one learns that the tenant has changed, and no more.
    await plane.store.tenants.suspend(id, { reason: "unpaid" });
    plane.store.notices.send({ kind: "tenant", tenant: id });
    server.services.goneTenants.close();
    expect(await site()).toEqual([403, "TENANT_SUSPENDED"]);
    expect(server.engine.jobs.length).toBe(jobs);
  });
});
