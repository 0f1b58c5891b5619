import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../../../server/store/contract/store.ts";
import { openStore } from "../../../../server/store/open.ts";
import type { Engine } from "../../../../src/engines/contract/contract.ts";
import type { BundledType } from "../../../../src/resourcex/types/type.ts";
import { form, realmContainers, registryServer } from "../../../helpers/registry-server.ts";
import { storeDirectory } from "../../../helpers/store.ts";

const adminKey = "the-key-of-an-operator-of-the-tests";
let engine: Engine;
let directory: string;
let store: Store;
let served: ReturnType<typeof registryServer>;

beforeAll(async () => {
  directory = await storeDirectory();
  store = await openStore(directory);
  engine = await realmContainers();
  served = registryServer({ store, engine, adminKey });
}, 120_000);
afterAll(async () => {
  await engine.close();
  await store.close();
  await rm(dirname(directory), { recursive: true });
});

describe("of several tenants", () => {
  const source = (name: string) =>
    `export default { name: "${name}", description: "", resolve: () => "${name}'s" }`;
  const manifest = { domain: "own.org", name: "a", type: "text", version: "1" };
  const locator = "own.org/a.text@1";

  async function publishAs(headers: Record<string, string>, fields: object) {
    const init = { method: "POST", body: await form({ ...manifest, ...fields }), headers };
    const response = await served.app.request("/api/v1/publish", init);
    return { status: response.status, ...((await response.json()) as object) };
  }

  function call(headers: Record<string, string>) {
    return async (route: string, body?: object, method = body === undefined ? "GET" : "POST") => {
      const all = { ...headers, "content-type": "application/json" };
      const init = { method, headers: all, ...(body && { body: JSON.stringify(body) }) };
      const response = await served.app.request(`/api/v1${route}`, init);
      const text = await response.text();
      const parsed = text === "" ? {} : JSON.parse(text);
      return { status: response.status, ...parsed } as Record<string, unknown>;
    };
  }

  it("each publishes and deletes in domains of its own, and reads all", async () => {
    const [one, two] = [await served.tenant("one"), await served.tenant("two")];
    expect(await publishAs({}, {})).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    expect(await publishAs(one, {})).toMatchObject({ status: 201, locator });
    const forbidden = { status: 403, code: "DOMAIN_FORBIDDEN" };
    expect(await publishAs(two, {})).toMatchObject(forbidden);
    expect(await publishAs(two, { name: "b" })).toMatchObject(forbidden);
    // One domain in any spelling.
    expect(await publishAs(two, { domain: "OWN.org" })).toMatchObject(forbidden);
    const [asOne, asTwo] = [call(one), call(two)];
    expect(await asTwo(`/resource?locator=${locator}`, undefined, "DELETE")).toMatchObject(
      forbidden,
    );
    expect(await asTwo(`/resource?locator=${locator}`)).toMatchObject({ status: 200, name: "a" });
    expect(await asTwo("/search?domain=own.org")).toMatchObject({ total: 1 });
    expect(await asTwo("/resolve", { locator })).toMatchObject({ status: 200, result: "Hello" });
    const nobody = call({});
    expect(await nobody("/resolve", { locator })).toMatchObject({ status: 401 });
    expect(await asOne(`/resource?locator=${locator}`, undefined, "DELETE")).toMatchObject({
      status: 204,
    });
    expect(await publishAs(two, { name: "b" })).toMatchObject(forbidden);
  });

  it("each has types of its own", async () => {
    const [one, two] = [await served.tenant("one"), await served.tenant("two")];
    const [asOne, asTwo] = [call(one), call(two)];
    expect(await asOne("/types", { source: source("loud") })).toMatchObject({ status: 201 });
    await publishAs(one, { domain: "types.org", type: "loud" });
    const resource = { locator: "types.org/a.loud@1" };
    expect(await asOne("/resolve", resource)).toMatchObject({ result: "loud's" });
    const unknown = { status: 400, code: "UNSUPPORTED_TYPE" };
    expect(await asTwo("/resolve", resource)).toMatchObject(unknown);
    const { types } = await asTwo("/types");
    expect((types as { name: string }[]).map(({ name }) => name)).not.toContain("loud");
    const own = source("loud").replace("loud's", "two's");
    expect(await asTwo("/types", { source: own })).toMatchObject({ status: 201 });
    expect(await asTwo("/resolve", resource)).toMatchObject({ result: "two's" });
    expect(await asOne("/resolve", resource)).toMatchObject({ result: "loud's" });
    expect(await asTwo("/types", { source: source("text") })).toMatchObject({
      code: "TYPE_EXISTS",
    });
  });

  it("lists as many types as it has, a page at a time, each of a bounded size", async () => {
    const headers = await served.tenant("many");
    const schema = { title: "x".repeat(65_000) };
    const names = Array.from({ length: 100 }, (_, n) => `type-${String(n).padStart(3, "0")}`);
    for (const [n, name] of names.entries()) {
      const aliases = n % 2 === 0 ? {} : { aliases: [`${name}-too`] };
      const type = { name, ...aliases, description: "", schema, code: "0", sandbox: "container" };
      await store.types.add("many", type as BundledType);
    }
    const seen: unknown[] = [];
    let query = "?limit=100";
    for (let pages = 0; query !== "" && pages < 20; pages += 1) {
      const response = await served.app.request(`/api/v1/types${query}`, { headers });
      const text = await response.text();
      expect(text.length).toBeLessThan(1_200_000);
      const { types, next } = JSON.parse(text);
      seen.push(...types);
      query = next === undefined ? "" : `?limit=100&after=${next}`;
    }
    const [builtin, own] = [seen.slice(0, 3), seen.slice(3)] as { name: string }[][];
    expect(builtin?.map(({ name }) => name)).toEqual(["text", "json", "binary"]);
    const described = { description: "", schema, sandbox: "container" };
    expect(own).toEqual(
      names.map((name, n) => ({ name, aliases: n % 2 === 0 ? [] : [`${name}-too`], ...described })),
    );
    const ask = call(headers);
    const page = async (query: string) => {
      const { types, next } = (await ask(`/types${query}`)) as { types: { name: string }[] } & {
        next?: string;
      };
      return [types.map(({ name }) => name).join(), next];
    };
    expect(await page("?limit=2")).toEqual(["text,json", "json"]);
    expect(await page("?limit=2&after=json")).toEqual(["binary,type-000", "type-000"]);
    expect(await page("?limit=3&after=type-097")).toEqual(["type-098,type-099", undefined]);
    expect(await ask("/types?limit=101")).toMatchObject({ status: 400 });
    expect(await ask("/types?after=%00")).toMatchObject({ status: 400 });
  });

  it("one that has the id of another before it finds nothing in a kept sandbox", async () => {
    const counting = `let n = 0;
      export default { name: "counting", description: "", resolve: () => ++n }`;
    const results: unknown[] = [];
    for (const _life of [1, 2]) {
      const again = call(await served.tenant("again"));
      await again("/types", { source: counting });
      await publishAs(await served.tenant("again"), { domain: "again.org", type: "counting" });
      const resource = { locator: "again.org/a.counting@1" };
      for (const _time of [1, 2]) results.push((await again("/resolve", resource)).result);
      await served.directory.delete("again");
    }
    expect(results).toEqual([1, 2, 1, 2]);
  });

  it("executions are within a tenant's quotas and limits, and written down", async () => {
    const budget = await served.tenant("budget", { budget: { executions: 1 } });
    const thrower = `export default {
      name: "thrower", description: "", resolve() { throw new RangeError("no") } }`;
    const fresh = await served.tenant("fresh");
    await call(fresh)("/types", { source: thrower });
    await publishAs(fresh, { domain: "quota.org" });
    await publishAs(fresh, { domain: "quota.org", type: "thrower" });
    const resource = { locator: "quota.org/a.text@1" };
    expect(await call(budget)("/resolve", resource)).toMatchObject({ status: 200 });
    const exhausted = { status: 429, code: "BUDGET_EXHAUSTED" };
    expect(await call(budget)("/resolve", resource)).toMatchObject(exhausted);
    expect(await call(budget)("/types", { source: thrower })).toMatchObject(exhausted);
    const outside = await served.tenant("outside", { sandbox: ["isolated"] });
    const refused = { status: 403, code: "TENANT_LIMIT" };
    expect(await call(outside)("/resolve", resource)).toMatchObject(refused);
    const failing = { locator: "quota.org/a.thrower@1" };
    expect(await call(fresh)("/resolve", failing)).toMatchObject({ status: 422 });
    await served.executionWriter.close(5_000);
    const written = async (tenant: string) =>
      (await store.executions.list(tenant, { limit: 9 })).map(({ via, level, outcome, error }) => [
        via,
        level,
        outcome,
        error,
      ]);
    expect(await written("budget")).toEqual([["resolve", "container", "ok", null]]);
    expect(await written("outside")).toEqual([["resolve", "container", "refused", "TENANT_LIMIT"]]);
    expect(await written("fresh")).toEqual([
      ["resolve", "container", "exception", "RangeError"],
      ["resolve", "container", "ok", null],
    ]);
    // Its tenant reads afterwards what the answer does not have.
    const [thrown] = await store.executions.list("fresh", { limit: 1 });
    const kept = await store.logs.get("fresh", thrown?.id ?? "");
    expect(JSON.parse(kept?.entries ?? "[]")).toMatchObject([
      { level: "exception", name: "RangeError", message: "no", stack: expect.any(String) },
    ]);
  });
});
