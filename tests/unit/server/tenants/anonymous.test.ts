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
