import { describe, expect, it } from "vitest";
import { config } from "../../src/config.ts";
import { BadRequest, PayloadTooLarge } from "../../src/errors.ts";
import { createGuard } from "../../src/plugins/guard.ts";

const guard = createGuard(config());
const code = "export default () => 1";

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
}

describe("guard", () => {
  it("fills in the published defaults", () => {
    expect(guard({ code })).toMatchObject({
      level: "container",
      job: { code, entry: "default", input: undefined },
      options: { timeout: 3_000, profile: { memory: 256, cpus: 1 } },
    });
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
    ["tools that are no list", { code, tools: "crypto" }, "tools"],
    ["an unknown tool", { code, tools: ["crypto", "nope"] }, "tools[1]"],
    ["permissions that are no object", { code, permissions: 3 }, "permissions"],
    ["inherited permissions", { code, permissions: "inherit" }, "permissions"],
    ["an unknown permission", { code, permissions: { all: true } }, "permissions.all"],
    [
      "a permission that cannot be granted",
      { code, permissions: { net: ["x.org"] } },
      "permissions.net",
    ],
    ["a permission that is no list", { code, permissions: { read: "/" } }, "permissions.read"],
    ["an unknown level", { code, sandbox: "none" }, "sandbox"],
    ["too little memory", { code, memory: 64 }, "memory"],
    ["too much memory", { code, memory: 1e6 }, "memory"],
    ["a fraction of a megabyte", { code, memory: 200.5 }, "memory"],
    ["an input of 100,000 levels", { code, input: nested(100_000) }, "input"],
    ["an input of 1,001 levels", { code, input: nested(1_001) }, "input"],
    ["an input that is no JSON", { code, input: { n: 1n } }, "input"],
  ])("refuses %s and names the field", (_what, request, field) => {
    let thrown: unknown;
    try {
      guard(request);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(BadRequest);
    expect((thrown as BadRequest).field).toBe(field);
    expect((thrown as BadRequest).message).toMatch(/\S/);
  });

  it("accepts what is just within its limits", () => {
    expect(guard({ code, input: nested(999) }).job.input).toHaveLength(2_000);
    expect(guard({ code, timeout: 300_000 }).options.timeout).toBe(300_000);
    expect(guard({ code, permissions: "none", tools: [] }).level).toBe("container");
    expect(guard({ code, permissions: { net: [], hrtime: true } }).level).toBe("container");
  });

  it("counts the size of code in bytes", () => {
    expect(guard({ code: "x".repeat(100_000) }).job.code).toHaveLength(100_000);
    expect(() => guard({ code: "x".repeat(100_001) })).toThrow(PayloadTooLarge);
    expect(() => guard({ code: "é".repeat(50_001) })).toThrow("100002 bytes");
  });

  it("rounds memory up to a multiple of 64 MB, so that profiles stay few", () => {
    expect(guard({ code, memory: 129 }).options.profile.memory).toBe(192);
    expect(guard({ code, memory: 192 }).options.profile.memory).toBe(192);
  });

  it("keeps the input as JSON text, half surrogates and NUL bytes included", () => {
    expect(guard({ code, input: "\ud800\0" }).job.input).toBe('"\\ud800\\u0000"');
    expect(guard({ code, input: null }).job.input).toBe("null");
  });
});
