/** Packages in executions of the library. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestRegistry } from "../../dev/npm-registry/server.ts";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import { PackageBuilds } from "../../src/packages/builds/package-builds.ts";
import type { Lock, PackageSource } from "../../src/packages/types.ts";
import { until } from "../contract/engine-contract.ts";
import { packageSource } from "../helpers/package-source.ts";

let registry: TestRegistry;
let isolate: Isolate;

const directories = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("isolate-packages-"));
let before: string[];

beforeAll(async () => {
  before = await directories();
  const files = { "index.js": "\nexports.fail = () => { throw new Error('out of order') };" };
  registry = await TestRegistry.start([
    { name: "throws", files },
    { name: "slow" },
    { name: "value", files: { "index.js": "module.exports = 1;" } },
  ]);
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

it("are bundled once, without their files the next time, also after a new start", async () => {
  const place = await mkdtemp(join(tmpdir(), "isolate-bundles-"));
  const someone = { owner: "a", policies: [] };
  const text = (mark: number) => `import n from "value"; export default () => [n, ${mark}];`;
  const bundle = async (source: PackageSource, lock: Lock, mark: number) => {
    const builds = new PackageBuilds({ source });
    const sources = { files: { "main.js": text(mark) }, main: "main.js", field: "code" } as const;
    return (await builds.bundle(sources, lock, someone)).code;
  };
  const before = packageSource(registry, place);
  const lock = await before.resolve({ dependencies: { value: "1.0.0" } }, someone);
  const code = await bundle(before, lock, 1);
  await before.close();
  const names = await readdir(place);
  expect(names.map((name) => name.replace(/^.*-/, "")).sort()).toEqual(["1", "1000"]);
  const archive = names.find((name) => name.startsWith(lock.hash));
  await rm(join(place, String(archive)));
  registry.everyFault = { kind: "status", status: 500 };
  const after = packageSource(registry, place);
  expect(await bundle(after, lock, 2)).toBe(code.replace("1]", "2]"));
  await after.close();
  // Another one of the same directory makes it again if its bytes have changed, or are too many.
  const kept = join(place, String(names.find((name) => name !== archive)));
  await writeFile(kept, "something else");
  const changed = packageSource(registry, place);
  await expect(bundle(changed, lock, 3)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  registry.everyFault = undefined;
  expect(await bundle(changed, lock, 3)).toBe(code.replace("1]", "3]"));
  await changed.close();
  const none = packageSource(registry, place, { cacheBytes: 10 });
  expect(await bundle(none, lock, 4)).toBe(code.replace("1]", "4]"));
  await none.close();
  expect(await readdir(place)).toEqual([]);
  await rm(place, { recursive: true });
});
