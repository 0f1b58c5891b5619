/** Tests that lists and searches read the store for one request of a tenant at a time. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { MOST_LOOKED_AT } from "../../../../server/store/contract/executions.ts";
import { Threads } from "../../../../server/store/pglite/threads.ts";
import { execution, job } from "../../../helpers/store-rows.ts";
import { ADMIN_KEY, tenantsApp } from "../../../helpers/tenants.ts";

let host: Awaited<ReturnType<typeof tenantsApp>>;
let server: ReturnType<typeof host.start>;

beforeAll(async () => {
  host = await tenantsApp();
  server = host.start({ adminKey: ADMIN_KEY });
}, 60_000);
afterAll(() => host.close());
afterEach(() => vi.restoreAllMocks());

describe("reads of the store", () => {
  it.each([
    ["/executions?function=nosuch", "executions", "list"],
    ["/functions", "functions", "list"],
    ["/functions/x/versions", "functions", "versions"],
    ["/functions/x/versions/1", "functions", "version"],
    ["/api/v1/content?locator=a.org/a.text@1", "resources", "get"],
    ["/api/v1/search?q=x", "resources", "search"],
    ["/api/v1/types", "types", "list"],
    ["/tenant", "storage", "used"],
    ["/jobs/00000000-0000-7000-8000-000000000000", "jobs", "get"],
    ["/executions/00000000-0000-7000-8000-000000000000/logs", "logs", "get"],
  ] as const)("of %s come one after another, and keep no other tenant's", async (path, ...what) => {
    const [many, other] = [await server.tenant("many"), await server.tenant("other")];
    for (const { ask } of [many, other]) await ask("GET", path);
    const reading = { now: 0, most: 0, all: 0 };
    const call = Threads.prototype.call;
    vi.spyOn(Threads.prototype, "call").mockImplementation(async function (
      this: Threads,
      part,
      method,
      args,
    ) {
      const asked = () => call.call(this, part, method, args);
      if (part !== what[0] || method !== what[1]) return asked();
      reading.now += 1;
      reading.all += 1;
      reading.most = Math.max(reading.most, reading.now);
      await sleep(5);
      reading.now -= 1;
      return asked();
    });
    const waiting = Promise.all(Array.from({ length: 20 }, () => many.ask("GET", path)));
    await sleep(10);
    await other.ask("GET", path);
    // Reads of the other tenant do not wait for all of these.
    expect(reading.all).toBeLessThan(15);
    const statuses = new Set((await waiting).map(({ status }) => status));
    expect([...statuses].every((status) => status === 200 || status === 404)).toBe(true);
    expect(reading.most).toBeLessThanOrEqual(2);
    expect(reading.all).toBe(21);
  });

  it("has no job's request read for those who ask how far it is, or end it again", async () => {
    const { ask } = await server.tenant("jobs");
    const waiting = job("jobs", { request: { code: "1", input: "x".repeat(1_000_000) } });
    await host.store.jobs.accept(waiting, 1_000);
    let bytes = 0;
    const call = Threads.prototype.call;
    vi.spyOn(Threads.prototype, "call").mockImplementation(async function (this: Threads, ...args) {
      const told = await call.apply(this, args);
      if (args[0] === "jobs") bytes += JSON.stringify(told ?? null).length;
      return told;
    });
    const path = `/jobs/${waiting.id}`;
    // As many requests at once as a tenant may have jobs.
    const asked = await Promise.all(Array.from({ length: 500 }, () => ask("GET", path)));
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200]));
    expect(bytes).toBeLessThan(500_000);
    bytes = 0;
    expect((await ask("DELETE", path)).status).toBe(204);
    expect((await ask("DELETE", path)).status).toBe(409);
    expect((await ask("DELETE", path.replace(/....$/, "0000"))).status).toBe(404);
    expect(bytes).toBeLessThan(50);
  });

  it("goes on behind executions that a filter is not about", async () => {
    const { ask } = await server.tenant("gap");
    const id = (n: number) => `00000000-0000-7000-9000-${String(n).padStart(12, "0")}`;
    const oldest = execution("gap", { id: id(0), outcome: "crash" });
    const many = Array.from({ length: MOST_LOOKED_AT }, (_, n) =>
      execution("gap", { id: id(n + 1) }),
    );
    await host.store.executions.record([oldest, ...many]);
    const { body: first } = await ask("GET", "/executions?outcome=crash");
    expect(first).toEqual({ executions: [], next: id(1) });
    const { body: second } = await ask("GET", `/executions?outcome=crash&cursor=${first.next}`);
    expect(second).toMatchObject({ executions: [{ id: id(0) }] });
    expect(second.next).toBeUndefined();
  });
});
