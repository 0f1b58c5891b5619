/** Packages in executions of the library. */
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import { until } from "../contract/engine-contract.ts";
import { TestRegistry } from "../helpers/npm-registry/server.ts";

let registry: TestRegistry;
let isolate: Isolate;

const directories = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("isolate-packages-"));
let before: string[];

beforeAll(async () => {
  before = await directories();
  const files = { "index.js": "\nexports.fail = () => { throw new Error('out of order') };" };
  registry = await TestRegistry.start([{ name: "throws", files }, { name: "slow" }]);
  isolate = await createIsolate({ config: { npm: { registry: registry.url } } });
});
afterAll(async () => {
  await isolate.close();
  await registry.stop();
  expect(await directories()).toEqual(before);
});

it("are brought, and named in stacks and plans", async () => {
  const request = {
    code: 'import { fail } from "throws";\nexport default () => fail();',
    dependencies: { throws: "1" },
  };
  const { error } = await isolate.execute(request);
  expect(error?.stack).toMatch(/throws\/index\.js:2:\d+[\s\S]*main\.ts:2:\d+/);
  const { packages } = await isolate.plan(request);
  expect(packages?.packages).toMatchObject([{ name: "throws", version: "1.0.0" }]);
  await expect(
    isolate.execute({ code: "export default () => 1", packages: "set" }),
  ).rejects.toMatchObject({ field: "packages" });
});

it("end with the abort of all that wait for them", async () => {
  registry.fault("slow", "packument", { kind: "slow" });
  const request = { code: "export default () => 1", dependencies: { slow: "1" } };
  const aborts = [new AbortController(), new AbortController()];
  const running = aborts.map(({ signal }) => isolate.execute(request, { signal }));
  const ends = running.map((one) => one.catch((error: unknown) => error));
  await until(() => registry.takeSeen().includes("/slow"));
  for (const [n, abort] of aborts.entries()) {
    abort.abort();
    expect(await ends[n]).toMatchObject({ name: "Aborted" });
  }
  registry.fault("slow", "packument");
  expect(await isolate.execute(request)).toMatchObject({ ok: true, result: 1 });
});

it("are refused where there is no registry", async () => {
  const none = await createIsolate();
  const call = none.execute({ code: "export default () => 1", dependencies: { throws: "1" } });
  await expect(call).rejects.toMatchObject({
    field: "dependencies",
    message: "dependencies: This server has no registry: set ISOLATE_NPM_REGISTRY",
  });
  await none.close();
});
