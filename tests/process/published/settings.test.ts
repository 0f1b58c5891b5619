/** Tests what the published settings do: defaults, the crypto tool, strict mode, the audit log. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { config, type PartialConfig } from "../../../src/config/config.ts";
import { create, type Isolate } from "../../../src/isolate.ts";

let runDirectory: string;
beforeAll(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
});
afterAll(() => rm(runDirectory, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs work with an isolate of its own, whose code runs in this process. */
async function within<T>(settings: PartialConfig, work: (isolate: Isolate) => Promise<T>) {
  const isolate = await create({ runDirectory, config: config({ ...settings, sandbox: "none" }) });
  try {
    return await work(isolate);
  } finally {
    await isolate.close();
  }
}

describe("settings", () => {
  it("have the published defaults", () => {
    expect(config()).toMatchObject({
      maxSize: 100_000,
      timeout: 3_000,
      port: 8787,
      strict: false,
      audit: false,
      crypto: { subtle: true, limit: 65_536, methods: ["getRandomValues", "randomUUID"] },
      db: { hosts: [] },
      cluster: { min: 2, max: 8, idle: 120_000 },
    });
  });

  it("given in part keep the other defaults", () => {
    expect(config({ crypto: { limit: 1_024 }, cluster: { max: 16 } })).toMatchObject({
      timeout: 3_000,
      crypto: { subtle: true, limit: 1_024 },
      cluster: { min: 2, max: 16 },
    });
  });

  it.each([
    [{ timeout: 0 }, "timeout"],
    [{ maxSize: -1 }, "maxSize"],
    [{ crypto: { limit: 1e6 } }, "crypto.limit"],
    [{ crypto: { methods: ["encrypt"] } }, "crypto.methods[0]"],
    [{ cluster: { min: 9, max: 8 } }, "cluster.min"],
    [{ db: { hosts: ["*"] } }, "db.hosts[0]"],
  ])("that are wrong are refused by name: %j", (given, field) => {
    expect(() => config(given as PartialConfig)).toThrow(expect.objectContaining({ field }));
  });
});

describe("the crypto tool", () => {
  const tools = ["crypto"];

  it("hides what the settings leave out", async () => {
    await within({ crypto: { subtle: false, limit: 1_024 } }, async (isolate) => {
      const run = (body: string) =>
        isolate.execute({ code: `export default () => ${body}`, tools });
      expect(await run("crypto.getRandomValues(new Uint8Array(1_024)).length")).toMatchObject({
        result: 1_024,
      });
      const { error } = await run("crypto.getRandomValues(new Uint8Array(1_025))");
      expect(error?.message).toMatch(/1024 bytes/);
      expect(
        (await run("crypto.subtle.digest('SHA-256', new Uint8Array(1))")).error?.message,
      ).toMatch(/subtle/);
    });
  });

  it("offers the methods of the list alone", async () => {
    await within({ crypto: { methods: ["randomUUID"] } }, async (isolate) => {
      const code = `export default () => {
        const { length } = crypto.randomUUID();
        try { crypto.getRandomValues(new Uint8Array(1)) } catch (error) { return [length, error.message] }
      }`;
      expect((await isolate.execute({ code, tools })).result).toEqual([
        36,
        expect.stringContaining("getRandomValues"),
      ]);
    });
  });
});

describe("strict mode and the audit log", () => {
  const code = "export default () => 1";
  let isolate: Isolate;
  beforeAll(async () => {
    isolate = await create({
      runDirectory,
      config: { strict: true, audit: true, wildcards: true, timeout: 20_000, cluster: { min: 1 } },
    });
  });
  afterAll(() => isolate.close());

  const hosts = Array.from({ length: 15 }, (_, index) => `host${index}.example.com`);

  it.each([
    ["a wildcard", ["*"], "[Strict] Wildcard permission detected"],
    ["many hosts", hosts, "[Strict] Too many hosts: 15"],
    ["the host itself", ["localhost:5432"], "[Strict] Local host access detected"],
    ["the host's address", ["127.0.0.1"], "[Strict] Local host access detected"],
  ])("warn of %s", async (_what, net, warning) => {
    vi.spyOn(console, "log").mockReturnValue();
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const { ok, warnings } = await isolate.execute({ code, permissions: { net } });
    expect(ok).toBe(true);
    expect(warnings).toContain(warning);
    expect(warn.mock.calls.flat()).toEqual(warnings);
  });

  it("write one record of each execution", async () => {
    const log = vi.spyOn(console, "log").mockReturnValue();
    const permissions = { net: ["api.example.com"] };
    const { duration } = await isolate.execute({ code, tools: ["crypto"], permissions });
    await isolate.execute({ code: "export default () => { throw 1 }" });
    const records = log.mock.calls.map(([line]) => {
      expect(line).toMatch(/^\[Audit\] \{/);
      return JSON.parse(String(line).slice("[Audit] ".length));
    });
    expect(records).toMatchObject([
      { tools: ["crypto"], permissions, duration, tenant: "default", outcome: "ok" },
      { tools: [], duration: expect.any(Number), tenant: "default", outcome: "exception" },
    ]);
  });

  it("say nothing unless they are asked to", async () => {
    const said = [vi.spyOn(console, "log"), vi.spyOn(console, "warn")];
    await within({}, (plain) => plain.execute({ code, permissions: { net: hosts } }));
    for (const spy of said) expect(spy).not.toHaveBeenCalled();
  });
});
