/** Tests functions whose bundles are as large as can be: their limits, their jobs, and how they are read. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { VersionCache } from "../../../../server/functions/version-cache.ts";
import { until } from "../../../contract/engine-contract.ts";
import { version } from "../../../helpers/store-rows.ts";
import { ADMIN_KEY, type Ask, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

const MOST = 8_388_608;
/** Bundle of files that are not a text of their own, as packages would make it. */
const bundle = (bytes = MOST): string => "export default () => 1".padEnd(bytes);
const files = { "main.ts": "export default () => 1" };

let host: Awaited<ReturnType<typeof tenantsApp>>;
let server: ReturnType<typeof host.start>;
let acme: Ask;
let small: Ask;
const keys: Record<string, string> = {};
beforeAll(async () => {
  host = await tenantsApp();
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
  const settings = { codeBytes: 50, bundleBytes: 2_000 };
  const [one, two] = [await server.tenant("acme"), await server.tenant("small", settings)];
  [acme, small] = [one.ask, two.ask];
  Object.assign(keys, { acme: one.key, small: two.key });
}, 60_000);
afterAll(() => host.close());

function keep(tenant: string, name: string, code: string, more: object = {}) {
  const request = { reuse: "code", language: "javascript" };
  return host.store.functions.deploy(version(tenant, { name, files, code, request, ...more }));
}

/** Invokes a function whose answer comes later. Resolves with the job's id. */
async function later(tenant: string, name: string): Promise<string> {
  const response = await server.app.request(`/functions/${name}/invoke`, {
    method: "POST",
    headers: { authorization: `Bearer ${keys[tenant]}`, prefer: "respond-async" },
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

it("a bundle of 8 MiB is called, by HTTP too, and one byte more is not", async () => {
  await keep("acme", "large", bundle());
  await keep("acme", "site", bundle(), { kind: "http" });
  await keep("acme", "larger", bundle(MOST + 1));
  expect(await acme("POST", "/functions/large/invoke")).toMatchObject({ status: 200 });
  expect(server.engine.jobs.at(-1)?.job.code).toHaveLength(MOST);
  await acme("GET", "/f/acme/site/");
  expect(server.engine.jobs.at(-1)?.job).toMatchObject({ httpRequest: { method: "GET" } });
  const { status, body } = await acme("POST", "/functions/larger/invoke");
  expect([status, body.error.code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  expect(body.error.message).toContain(`the limit of ${MOST} (maxBundleSize`);
});

it("a tenant's bundleBytes bounds bundles, and its codeBytes code", async () => {
  const own = (await small("GET", "/tenant")).body;
  expect(own).toMatchObject({ codeBytes: 50, bundleBytes: 2_000 });
  await keep("small", "fits", bundle(2_000));
  await keep("small", "exceeds", bundle(2_001));
  expect(await small("POST", "/functions/fits/invoke")).toMatchObject({ status: 200 });
  const refused = (await small("POST", "/functions/exceeds/invoke")).body.error;
  expect(refused.message).toContain("this tenant's limit of 2000 (bundleBytes)");
  // Code that was deployed as one module is no bundle.
  const code = bundle(51);
  await keep("small", "code", code, { files: { "main.ts": code } });
  const tooLong = (await small("POST", "/functions/code/invoke")).body.error;
  expect(tooLong.message).toContain("this tenant's limit of 50 (codeBytes)");
  const deployed = await small("PUT", "/functions/code", { code });
  expect([deployed.status, deployed.body.error.field]).toEqual([413, "code"]);
  const asked = { requests: [{ code }, { code: code.slice(0, 50) }] };
  const { results } = (await small("POST", "/execute/batch", asked)).body;
  expect(results[0].error.message).toContain("(codeBytes)");
  expect(results[1]).toMatchObject({ ok: true });
});

it("a job of a bundle is stored without it, and runs it all the same", async () => {
  await keep("acme", "queued", bundle());
  await keep("acme", "deleted", bundle());
  const [id, gone] = [await later("acme", "queued"), await later("acme", "deleted")];
  const { kinds } = (await acme("GET", "/tenant")).body.used.storage;
  expect(kinds.jobs).toMatchObject({ count: 2 });
  expect(kinds.jobs.bytes).toBeLessThan(1_000_000);
  await acme("DELETE", "/functions/deleted");
  server.services.worker.start();
  await until(async () => (await acme("GET", `/jobs/${id}`)).body.status === "done");
  await until(async () => (await acme("GET", `/jobs/${gone}`)).body.status === "done");
  await server.services.worker.close();
  expect(server.engine.jobs.map(({ job }) => job.code.length)).toContain(MOST);
  const { body } = await acme("GET", `/jobs/${gone}`);
  expect(body.answer).toMatchObject({ error: { code: "FUNCTION_NOT_FOUND" } });
});

it("a large version is read again only if there is another one", async () => {
  const { functions } = host.store;
  const read = vi.fn(functions.version);
  const cache = new VersionCache({ version: read, outline: functions.outline });
  const tenant = { id: "acme" };
  await keep("acme", "cached", bundle(70_000));
  const lengths: unknown[] = [];
  const call = async (): Promise<void> => {
    const found = await cache.get(tenant, "cached");
    lengths.push([found?.version, found?.code.length, found?.isBundle, read.mock.calls.length]);
    // As if seconds had passed.
    cache.forget(tenant, "cached");
  };
  await call();
  await call();
  await keep("acme", "cached", bundle(80_000));
  await call();
  await functions.delete("acme", "cached");
  await call();
  await keep("acme", "cached", bundle(90_000));
  await call();
  expect(lengths).toEqual([
    [1, 70_000, true, 1],
    [1, 70_000, true, 1],
    [2, 80_000, true, 2],
    [undefined, undefined, undefined, 3],
    [1, 90_000, true, 4],
  ]);
});
