/** Tests which of its tenant's rights an execution gets: the kernel's part of it. */
import { describe, expect, it } from "vitest";
import { IsolateError } from "../../../../src/base/errors.ts";
import { config, type PartialConfig } from "../../../../src/config/config.ts";
import type { ChannelLine } from "../../../../src/engines/contract/lines.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { Tenant } from "../../../../src/request/tenant.ts";
import type { ExecuteRequest, LogEntry, Observer } from "../../../../src/request/types.ts";
import { until } from "../../../contract/engine-contract.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const code = "export default () => 1";
const several = {
  tenants: true,
  env: { HOSTS: "h" },
  db: { url: "postgres://op:pw@op.org/op", hosts: ["op2.org:5432"] },
};

function host(partial: PartialConfig = {}) {
  const engine = new RecordingEngine("container");
  const isolated = new RecordingEngine("isolated");
  const engines = [engine, isolated];
  const kernel = new Kernel({ config: config(partial), engines });
  const run = (request: Partial<ExecuteRequest>, tenant: Omit<Tenant, "id">, id = "acme") =>
    kernel.execute({ code, ...request }, { tenant: { id, ...tenant } });
  return { kernel, run, engine, isolated, last: () => engine.jobs.at(-1) };
}

/** Runs every job until `finish()` is called. */
class OpenEngine extends RecordingEngine {
  finish: () => void = () => {};
  readonly #finished = new Promise<void>((resolve) => {
    this.finish = resolve;
  });

  override async execute(...asked: Parameters<RecordingEngine["execute"]>) {
    const outcome = await super.execute(...asked);
    await this.#finished;
    return outcome;
  }
}

async function refusal(execution: Promise<unknown>) {
  const error: unknown = await execution.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof IsolateError)) throw new Error("It was not refused");
  const { name, code: reason, status, message } = error;
  return { name, code: reason, status, message, field: "field" in error ? error.field : undefined };
}

describe("a request beyond its tenant's limits", () => {
  it.each<[Partial<ExecuteRequest>, Omit<Tenant, "id">, string, string]>([
    [
      { timeout: 501 },
      { maxTimeout: 500 },
      "timeout",
      "501 ms exceed this tenant's limit of 500 ms",
    ],
    [{ memory: 257 }, { maxMemory: 256 }, "memory", "257 MB exceed this tenant's limit of 256 MB"],
    [
      { sandbox: "isolated" },
      { sandbox: ["container"] },
      "sandbox",
      'This tenant may not have "isolated"; it may have container',
    ],
    [{}, { sandbox: [] }, "sandbox", 'This tenant may not have "container"; it may have none'],
    [{ reuse: "code" }, { reuse: false }, "reuse", 'This tenant may not have "code"'],
    [{ reuse: "tenant" }, { reuse: "never" }, "reuse", 'This tenant may not have "tenant"'],
    [
      { reuse: "code" },
      { reuse: "tenant" },
      "reuse",
      'This tenant may not have "code"; it may have "tenant"',
    ],
    [
      { tools: ["crypto", "channel"] },
      { tools: ["crypto"] },
      "tools[1]",
      'This tenant may not use "channel"; it may use crypto',
    ],
    [{ tools: ["db"] }, { tools: [] }, "tools[0]", 'This tenant may not use "db"; it may use none'],
  ])("is refused: %j with %j", async (request, limits, field, reason) => {
    const { run, engine, isolated } = host();
    expect(await refusal(run(request, limits))).toEqual({
      name: "TenantLimit",
      code: "TENANT_LIMIT",
      status: 403,
      message: `${field}: ${reason}`,
      field,
    });
    expect([engine.jobs, isolated.jobs]).toEqual([[], []]);
    // Another tenant may run it, but without a database.
    if (!request.tools?.includes("db")) expect(await run(request, {})).toMatchObject({ ok: true });
  });

  it("is refused for its code's bytes, the lesser limit being the one that counts", async () => {
    const { run } = host({ maxSize: 30 });
    const tooLarge = { name: "PayloadTooLarge", status: 413, field: "code" };
    const long = { code: `${code}/**/` };
    expect(await refusal(run(long, { maxSize: 25 }))).toMatchObject({
      ...tooLarge,
      message: "code: 26 bytes exceed this tenant's limit of 25 (codeBytes)",
    });
    expect(await refusal(run({ code: `${long.code}/**/ ` }, { maxSize: 99 }))).toMatchObject(
      tooLarge,
    );
    expect(await run(long, { maxSize: 26 })).toMatchObject({ ok: true });
  });

  it("is refused when it plans, too", async () => {
    const { kernel } = host();
    const planned = kernel.plan({ code, timeout: 501 }, { tenant: { id: "a", maxTimeout: 500 } });
    expect(await refusal(planned)).toMatchObject({ code: "TENANT_LIMIT" });
  });

  it("never gets more than the host allows", async () => {
    const { run } = host({ maxTimeout: 1_000, maxMemory: 256 });
    const wide = { maxTimeout: 9_000, maxMemory: 9_000 };
    for (const request of [{ timeout: 1_001 }, { memory: 257 }]) {
      expect(await refusal(run(request, wide))).toMatchObject({ name: "BadRequest", status: 400 });
    }
  });
});

describe("a request that does not say", () => {
  it("gets what its tenant may have of it", async () => {
    const { run, engine, isolated } = host({ timeout: 3_000, memory: 512 });
    await run({}, { maxTimeout: 500, maxMemory: 200 });
    expect(engine.jobs[0]?.options).toMatchObject({ timeout: 500, profile: { memory: 256 } });
    await run({}, { maxTimeout: 5_000, maxMemory: 1_024 });
    expect(engine.jobs[1]?.options).toMatchObject({ timeout: 3_000, profile: { memory: 512 } });
    await run({}, { sandbox: ["isolated", "container"] });
    expect(isolated.jobs).toHaveLength(1);
  });

  it("may say either of a tool's two names", async () => {
    const { run, last } = host({ db: several.db });
    for (const tools of [["db"], ["database"]]) {
      await run({ tools: ["db"] }, { tools });
      expect(last()?.job.tools).toMatchObject([{ name: "database" }]);
    }
  });
});

describe("a tenant's ceiling", () => {
  it("and the host's both bind, each by its name", async () => {
    const { run, last } = host({ ceiling: { net: ["a.org", "b.org"] } });
    const ceiling = { net: ["b.org", "c.org"] };
    const ask = (entry: string) => run({ permissions: { net: [entry] } }, { ceiling });
    expect(await refusal(ask("a.org"))).toMatchObject({
      code: "PERMISSION_REFUSED",
      field: "permissions.net[0]",
      message: `permissions.net[0]: "a.org" exceeds the tenant's ceiling; it allows b.org, c.org`,
    });
    expect((await refusal(ask("c.org"))).message).toContain('"c.org" exceeds the ceiling;');
    await ask("b.org");
    expect(last()?.job.grants?.egress).toEqual(["b.org"]);
  });
});

describe("the requests of an execution to the network", () => {
  it("are the tenant's, and never more than the host's", async () => {
    const { run, last } = host({ egressRequests: 500 });
    const asked = async (net: string[], egressRequests?: number) => {
      await run({ permissions: { net } }, { ceiling: { net }, egressRequests });
      return last()?.job.grants?.egressRequests;
    };
    expect(await asked(["b.org"], 20)).toBe(20);
    expect(await asked(["b.org"], 2_000)).toBe(500);
    expect(await asked(["b.org"])).toBe(500);
    expect(config().egressRequests).toBe(10_000);
  });
});

describe("what is a tenant's own", () => {
  it("is its variables, and none of the host's", async () => {
    const { run, last } = host(several);
    const env = { TOKEN: "secret", HOSTS: "mine" };
    await run({ permissions: { env: ["TOKEN", "HOSTS"] } }, { env });
    expect(last()?.job.grants?.env).toEqual({ TOKEN: "secret", HOSTS: "mine" });
    for (const own of [{ env: { TOKEN: "x" } }, { env: {} }, {}]) {
      const asked = run({ permissions: { env: ["HOSTS"] } }, own);
      expect(await refusal(asked)).toMatchObject({ field: "permissions.env[0]" });
    }
  });

  it("is its database, and not the host's", async () => {
    const { run, last } = host(several);
    const request: Partial<ExecuteRequest> = { tools: ["database"], explain: true };
    const output = await run(request, { database: "postgres://u:geheim@tenant.org:6000/d" });
    expect(last()?.job.grants?.database?.target).toMatchObject({
      hosts: [{ host: "tenant.org", port: 6_000 }],
      user: "u",
    });
    expect(output.plan?.database?.hosts).toEqual(["tenant.org:6000"]);
    expect(JSON.stringify(output)).not.toContain("geheim");
    for (const own of [{ database: null }, {}]) {
      expect(await refusal(run(request, own))).toMatchObject({
        field: "tools[0]",
        message: "tools[0]: This tenant has no database",
      });
    }
  });

  it("is nothing at all on a host without tenants", async () => {
    const { run, last } = host({ ...several, tenants: false });
    const own = { env: { TOKEN: "secret" }, database: "postgres://u:pw@tenant.org/d" };
    await run({ permissions: { env: ["HOSTS"] }, tools: ["database"] }, own);
    expect(last()?.job.grants).toMatchObject({
      env: { HOSTS: "h" },
      database: { target: { user: "op" } },
    });
    const asked = run({ permissions: { env: ["TOKEN"] } }, own);
    expect(await refusal(asked)).toMatchObject({ field: "permissions.env[0]" });
  });

  it("is where its messages go", async () => {
    const engine = new OpenEngine("container");
    const kernel = new Kernel({ config: config(), engines: [engine] });
    const executions = ["a", "b", "a"].map((id) =>
      kernel.execute({ code, tools: ["channel"] }, { tenant: { id } }),
    );
    await until(() => engine.jobs.length === 3);
    const lines = engine.jobs.map(({ options }) => options.channel as ChannelLine);
    const got = lines.map((line) => {
      const messages: string[] = [];
      line.connect((_topic, text) => messages.push(text) > 0);
      line.receive({ op: "on", topic: "t" });
      return messages;
    });
    lines[0]?.receive({ op: "emit", topic: "t", text: '"of a"' });
    expect(got).toEqual([[], [], ['"of a"']]);
    engine.finish();
    await Promise.all(executions);
  });

  it("is what is kept for `reuse`", async () => {
    const { run, engine } = host();
    for (const id of ["a", "b", "a"]) await run({ reuse: "code" }, {}, id);
    const [first, second, third] = engine.jobs.map(({ options }) => options);
    expect(first?.reuse?.key).not.toBe(second?.reuse?.key);
    expect(first?.reuse?.key).toBe(third?.reuse?.key);
    expect(second?.tenant).toBe("b");
  });

  it("is what goes round for `reuse`, and for one user of it alone", async () => {
    const { run, engine } = host();
    const keyOf = async (request: Partial<ExecuteRequest>, id: string): Promise<unknown> => {
      await run({ reuse: "tenant", ...request }, {}, id);
      const { reuse } = engine.jobs.at(-1)?.options ?? {};
      expect(reuse?.scope).toBe("tenant");
      return reuse?.key;
    };
    const first = await keyOf({}, "a");
    expect(await keyOf({ code: "export default 1", permissions: { env: [] } }, "a")).toBe(first);
    const others = [
      await keyOf({}, "b"),
      await keyOf({ reuseKey: "x" }, "a"),
      await keyOf({ reuseKey: "y" }, "a"),
      await keyOf({ reuseKey: "x" }, "b"),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
    expect(await keyOf({ reuseKey: "x" }, "a")).toBe(others[1]);
  });

  it.each([
    ["never", undefined, [], undefined],
    ["tenant", undefined, [], "tenant"],
    ["tenant", true, [], "tenant"],
    ["tenant", "code", [], "tenant"],
    ["tenant", false, [], undefined],
    ["tenant", "never", [], undefined],
    ["code", undefined, [], "code"],
    ["code", "tenant", [], "tenant"],
    ["code", undefined, ["channel"], "tenant"],
    ["code", undefined, ["crypto"], "code"],
  ] as const)("has %s as the host's, %s at most, with %j: %s", async (mode, most, tools, got) => {
    const { run, last } = host({ reuse: mode });
    await run({ tools: [...tools] }, { reuse: most });
    const { reuse } = last()?.options ?? {};
    expect(reuse && (reuse.scope ?? "code")).toBe(got);
    await run({ reuse: "never" }, { reuse: most });
    expect(last()?.options.reuse).toBeUndefined();
  });
});

describe("an observer", () => {
  const entry = (level: LogEntry["level"], message: string): LogEntry => {
    return { level, message, timestamp: 1 };
  };

  it("is told of the entries that the answer keeps", async () => {
    const { kernel, last } = host({ logger: { minLevel: "info", maxEntries: 3 } });
    const seen: string[] = [];
    const observer: Observer = { onLog: ({ message }) => void seen.push(message) };
    const tenant = { id: "acme", logEntries: 1 };
    await kernel.execute({ code }, { observer, tenant });
    const told = last()?.options.observer;
    for (const each of [entry("log", "1"), entry("warn", "2"), entry("info", "3")]) {
      told?.onLog?.(each);
    }
    told?.onLog?.(entry("exception", "4"));
    expect(seen).toEqual(["2", "4"]);
  });

  it("that throws harms nobody", async () => {
    const { kernel, last } = host();
    const fail = () => {
      throw new Error("an observer's own");
    };
    const observer = { onLog: fail, onChannel: fail, onDenied: fail };
    await kernel.execute({ code }, { observer });
    const told = last()?.options.observer;
    told?.onLog?.(entry("log", "1"));
    told?.onChannel?.("topic", "1");
    told?.onDenied?.({ kind: "net", value: "x.org:443", by: "egress" });
  });
});
