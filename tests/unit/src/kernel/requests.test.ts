import { describe, expect, it } from "vitest";
import { BadRequest, PayloadTooLarge } from "../../../../src/base/errors.ts";
import { config } from "../../../../src/config/config.ts";
import type { ExecuteOptions, Job } from "../../../../src/engines/contract/contract.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../../../src/request/types.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

/** Returns the engine's job for a request. Rejects as the request does. */
async function admit(
  request: unknown,
): Promise<{ level: string; job: Job; options: ExecuteOptions }> {
  const engines = [new RecordingEngine("container"), new RecordingEngine("isolated")];
  await new Kernel({ config: config(), engines }).execute(request as ExecuteRequest);
  for (const { level, jobs } of engines) {
    if (jobs[0] !== undefined) return { level, ...jobs[0] };
  }
  throw new Error("No engine was asked");
}

const code = "export default () => 1";

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
}

describe("the built-in plugins", () => {
  it("fills in the published defaults", async () => {
    expect(await admit({ code })).toMatchObject({
      level: "container",
      job: { code, entry: "default", input: undefined },
      options: { timeout: 3_000, profile: { memory: 256, cpus: 1 } },
    });
  });

  it("asks for reuse only if the request does", async () => {
    expect((await admit({ code })).options.reuse).toBeUndefined();
    expect((await admit({ code, reuse: "never" })).options.reuse).toBeUndefined();
    const keys = [{ code }, { code: `${code};` }, { code, permissions: { net: ["a.org"] } }].map(
      async (request) => (await admit({ ...request, reuse: "code" })).options.reuse?.key,
    );
    expect(new Set(await Promise.all(keys)).size).toBe(3);
  });

  it.each([
    ["no object", [], ""],
    ["null", null, ""],
    ["a string", "code", ""],
    ["a missing code", {}, "code"],
    ["a code that is no string", { code: 1 }, "code"],
    ["a NUL byte in code", { code: "export default () => '\0'" }, "code"],
    ["half a surrogate pair in code", { code: "'\ud800'" }, "code"],
    ["an unknown field", { code, cod: 1 }, "cod"],
    ["a __proto__ field", JSON.parse('{"code":"1","__proto__":{"timeout":1}}'), "__proto__"],
    ["a timeout of zero", { code, timeout: 0 }, "timeout"],
    ["a negative timeout", { code, timeout: -1 }, "timeout"],
    ["a timeout that is NaN", { code, timeout: Number.NaN }, "timeout"],
    ["an infinite timeout", { code, timeout: Number.POSITIVE_INFINITY }, "timeout"],
    ["a huge timeout", { code, timeout: 1e9 }, "timeout"],
    ["a timeout as text", { code, timeout: "1000" }, "timeout"],
    ["a null timeout", { code, timeout: null }, "timeout"],
    ["an entry that is no string", { code, entry: {} }, "entry"],
    ["a NUL byte in entry", { code, entry: "a\0" }, "entry"],
    ["an endless entry", { code, entry: "x".repeat(10_000) }, "entry"],
    ["a reuse that is no word for it", { code, reuse: true }, "reuse"],
    ["tools that are no list", { code, tools: "crypto" }, "tools"],
    ["an unknown tool", { code, tools: ["crypto", "nope"] }, "tools[1]"],
    ["permissions that are no object", { code, permissions: 3 }, "permissions"],
    ["inherited permissions", { code, permissions: "inherit" }, "permissions"],
    ["an unknown permission", { code, permissions: { all: true } }, "permissions.all"],
    [
      "a host that is a URL",
      { code, permissions: { net: ["x.org", "https://x.org"] } },
      "permissions.net[1]",
    ],
    ["a permission that is no list", { code, permissions: { read: "/" } }, "permissions.read"],
    ["an unknown level", { code, sandbox: "none" }, "sandbox"],
    ["too little memory", { code, memory: 64 }, "memory"],
    ["too much memory", { code, memory: 1e6 }, "memory"],
    ["a fraction of a megabyte", { code, memory: 200.5 }, "memory"],
    ["an input of 100,000 levels", { code, input: nested(100_000) }, "input"],
    ["an input of 1,001 levels", { code, input: nested(1_001) }, "input"],
    ["an input that cannot travel", { code, input: { n: [() => 1] } }, "input.n[0]"],
  ])("refuses %s and names the field", async (_what, request, field) => {
    const thrown: unknown = await admit(request).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(BadRequest);
    expect((thrown as BadRequest).field).toBe(field);
    expect((thrown as BadRequest).message).toMatch(/\S/);
  });

  it("accepts what is just within its limits", async () => {
    expect((await admit({ code, input: nested(999) })).job.input).toHaveLength(2_000);
    expect((await admit({ code, timeout: 300_000 })).options.timeout).toBe(300_000);
    expect((await admit({ code, permissions: "none", tools: [] })).level).toBe("container");
    expect((await admit({ code, permissions: { net: [], hrtime: true } })).level).toBe("container");
    expect((await admit({ code, sandbox: "isolated" })).level).toBe("isolated");
  });

  it("counts the size of code in bytes", async () => {
    expect((await admit({ code: "x".repeat(100_000) })).job.code).toHaveLength(100_000);
    await expect(admit({ code: "x".repeat(100_001) })).rejects.toBeInstanceOf(PayloadTooLarge);
    await expect(admit({ code: "é".repeat(50_001) })).rejects.toThrow("100002 bytes");
  });

  it("rounds memory up to a multiple of 64 MB, so that profiles stay few", async () => {
    expect((await admit({ code, memory: 129 })).options.profile.memory).toBe(192);
    expect((await admit({ code, memory: 192 })).options.profile.memory).toBe(192);
  });

  it("keeps the input as JSON text, half surrogates and NUL bytes included", async () => {
    expect((await admit({ code, input: "\ud800\0" })).job.input).toBe('"\\ud800\\u0000"');
    expect((await admit({ code, input: null })).job.input).toBe("null");
  });
});
