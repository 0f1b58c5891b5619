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
  const field = "dependencies";
  const message = "dependencies: This server has no registry: set ISOLATE_NPM_REGISTRY";
  await expect(call).rejects.toMatchObject({ field, message });
  // Also those that only the code names, whether it uses their names or not.
  const unused = { code: 'import x from "npm:throws@1"; export default () => 1' };
  await expect(none.execute(unused)).rejects.toMatchObject({ field, message });
  await expect(none.plan(unused)).rejects.toMatchObject({ field, message });
  const typed = { code: "import x from 'jsr:@std/yaml'; export default (n: number) => 1" };
  const both = `${message} and ISOLATE_JSR_REGISTRY`;
  await expect(none.execute(typed)).rejects.toMatchObject({ field, message: both });
  await expect(none.execute({ ...typed, sandbox: "none" })).rejects.toMatchObject({ field });
  const jsr = isolate.execute(typed);
  await expect(jsr).rejects.toMatchObject({
    field,
    message: expect.stringContaining("set ISOLATE_JSR_REGISTRY"),
  });
  // Code that is prepared for a failure, or only mentions them, runs as before.
  const others: [string, unknown][] = [
    ["export default () => import('npm:throws').catch((e) => e.name)", "TypeError"],
    [
      "const m = 'node:path'; export default async () => typeof (await import(m)) + ' npm:'",
      "object npm:",
    ],
  ];
  for (const [code, result] of others) {
    expect(await none.execute({ code })).toMatchObject({ ok: true, result });
  }
  await none.close();
});
