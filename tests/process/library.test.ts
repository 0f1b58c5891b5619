import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Aborted, BadRequest, EngineUnavailable } from "../../src/base/errors.ts";
import { config } from "../../src/config/config.ts";
import { create, createIsolate, type Isolate } from "../../src/isolate.ts";
import { MEASURED } from "../helpers/measured.ts";

describe("the library", () => {
  let runDirectory: string;
  let isolate: Isolate;
  beforeAll(async () => {
    runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
    isolate = await createIsolate({ runDirectory, config: { cluster: { min: 1 } } });
  });
  afterAll(async () => {
    await isolate.close();
    expect(await readdir(runDirectory)).toEqual([]);
    await rm(runDirectory, { recursive: true });
  });

  it("runs code at the isolated level by itself", async () => {
    const output = await isolate.execute({ code: "export default (x) => x * 2", input: 21 });
    expect(output).toEqual({ ok: true, outcome: "ok", result: 42, ...MEASURED });
    expect(output.error).toBeUndefined();
  });

  it("runs code again where it has run, if it is asked to", async () => {
    const code = "let calls = 0; export default () => ++calls";
    const calls = async (request: object): Promise<unknown> =>
      (await isolate.execute({ code, ...request })).result;
    expect([await calls({ reuse: "code" }), await calls({ reuse: "code" })]).toEqual([1, 2]);
    expect(await calls({})).toBe(1);
    expect(await calls({ reuse: "code", entry: "default", tools: ["crypto"] })).toBe(1);
    expect(await calls({ reuse: "code" })).toBe(3);
    const refused = isolate.execute({ code, reuse: "code", tools: ["channel"] });
    await expect(refused).rejects.toMatchObject({ status: 400, field: "reuse" });
  });

  it("takes a configuration as it was published", async () => {
    const own = await create({
      runDirectory,
      config: config({ maxSize: 100_000, timeout: 3_000, port: 8787, strict: true, audit: false }),
      useCluster: true,
      plugins: [],
    });
    const code = "export default (x) => x * 2";
    const output = await own.execute({ code, input: 21, tools: ["crypto"] });
    expect(output).toMatchObject({ ok: true, result: 42 });
    await own.close();
  });

  it("plans what a request would be granted, and runs nothing", async () => {
    const permissions = { net: ["api.example.com", "*"], env: ["SECRET"] };
    const plan = await isolate.plan({ code: "throw 1", permissions });
    expect(plan).toMatchObject({
      level: "isolated",
      permissions: { net: ["api.example.com"], env: [] },
      refusals: [{ field: "permissions.env[0]" }, { field: "permissions.net[1]" }],
    });
    const execution = isolate.execute({ code: "export default () => 1", permissions });
    await expect(execution).rejects.toMatchObject({ code: "PERMISSION_REFUSED", status: 403 });
  });

  it("has the exception at hand, and not in the JSON", async () => {
    const output = await isolate.execute({
      code: "export default () => { throw new TypeError('x') }",
    });
    expect(output.error).toMatchObject({ name: "TypeError", message: "x" });
    expect(JSON.parse(JSON.stringify(output))).not.toHaveProperty("error");
  });

  it("rejects what it cannot run", async () => {
    const code = "export default () => 1";
    await expect(isolate.execute({ code, timeout: -1 })).rejects.toBeInstanceOf(BadRequest);
    const elsewhere = isolate.execute({ code, sandbox: "container" });
    await expect(elsewhere).rejects.toBeInstanceOf(EngineUnavailable);
  });

  it("ends an execution whose signal is aborted", async () => {
    const caller = new AbortController();
    const code = "export default () => { while (true) {} }";
    const execution = isolate.execute({ code, timeout: 60_000 }, { signal: caller.signal });
    setTimeout(() => caller.abort(), 300);
    await expect(execution).rejects.toBeInstanceOf(Aborted);
  });

  it("refuses settings and plugins that are no good, and leaves nothing behind", async () => {
    const before = await readdir(runDirectory);
    // @ts-expect-error The type refuses it, too.
    await expect(create({ runDirectory, config: { timeuot: 1 } })).rejects.toMatchObject({
      field: "timeuot",
    });
    const plugins = [{ name: "x", required: ["y"], setup: () => {} }];
    await expect(create({ runDirectory, plugins })).rejects.toThrow('"y", which is missing');
    expect(await readdir(runDirectory)).toEqual(before);
  });
});

it("offers containers when asked to, as soon as it is created", async () => {
  const runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  const isolate = await create({
    runDirectory,
    containers: true,
    useCluster: false,
    config: { timeout: 20_000 },
  });
  const code = "export default () => Deno.readTextFileSync('/etc/hostname')";
  const output = await isolate.execute({ code, sandbox: "container" });
  expect(output).toMatchObject({ ok: false, error: { name: "NotCapable" } });
  await isolate.close();
  expect(await readdir(runDirectory)).toEqual([]);
  await rm(runDirectory, { recursive: true });
});
