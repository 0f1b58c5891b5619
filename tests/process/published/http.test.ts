/** Tests the published HTTP API of a server with one layer: its fields, its failures, its variables. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../contract/engine-contract.ts";
import { TestServer } from "../../helpers/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    ISOLATE_ENGINE: "none",
    ISOLATE_ISOLATED_NET: "true",
    ISOLATE_AUDIT: "true",
    STRICT_MODE: "true",
    DATABASE_URL: "",
  });
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

async function answer(request: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await server.post({ sandbox: "isolated", timeout: 20_000, ...request });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("a request over HTTP", () => {
  it("may have every published field", async () => {
    const { status, body } = await answer({
      code: "export default (x) => { console.log('Processing...'); return x * 2 }",
      input: 21,
      entry: "default",
      timeout: 5_000,
      tools: ["crypto"],
      permissions: { net: ["api.example.com"] },
    });
    const logs = [{ level: "log", message: "Processing...", timestamp: expect.any(Number) }];
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, result: 42, logs, duration: expect.any(Number) });
    expect(body).not.toHaveProperty("error");
  });

  it("is 200 whatever its code does, and has the failure in its log alone", async () => {
    const { status, body } = await answer({ code: "export default () => missing" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ok: false,
      logs: [{ level: "exception", name: "ReferenceError", message: "missing is not defined" }],
    });
    expect(body).not.toHaveProperty("error");
    expect(body).not.toHaveProperty("result");
  });

  it.each([
    ["code that is none", { code: 1 }, 400, "BadRequest", "code"],
    ["no code", {}, 400, "BadRequest", "code"],
    ["a timeout that is none", { timeout: "1" }, 400, "BadRequest", "timeout"],
    ["an unknown tool", { tools: ["crypto", "nope"] }, 400, "BadRequest", "tools[1]"],
    ["too much code", { code: "x".repeat(1_048_577) }, 413, "PayloadTooLarge", "code"],
    ["a wildcard", { permissions: { net: ["*"] } }, 403, "PermissionError", "permissions.net[0]"],
    ["programs", { permissions: { run: ["ls"] } }, 403, "PermissionError", "permissions.run[0]"],
    ["libraries", { permissions: { ffi: ["a.so"] } }, 403, "PermissionError", "permissions.ffi[0]"],
    ["a database where there is none", { tools: ["db"] }, 400, "BadRequest", "tools[0]"],
  ])("with %s is refused", async (what, more, status, name, field) => {
    const code = what === "no code" ? {} : { code: "export default () => 1" };
    expect(await answer({ ...code, ...more })).toMatchObject({
      status,
      body: { error: { name, field } },
    });
  });

  it("tells in strict mode of wide permissions, and runs", async () => {
    const net = Array.from({ length: 11 }, (_, index) => `host${index}.example.com`);
    const { body } = await answer({ code: "export default () => 1", permissions: { net } });
    expect(body).toMatchObject({ ok: true, warnings: ["[Strict] Too many hosts: 11"] });
    expect(server.log).toContain("[Strict] Too many hosts: 11");
  });

  it("leaves a record of its tools, permissions and duration", async () => {
    const permissions = { net: ["audited.example.com"] };
    const { body } = await answer({
      code: "export default () => 1",
      tools: ["crypto"],
      permissions,
    });
    await until(() => server.printed.includes("audited.example.com"));
    const [, record] = /^\[Audit\] (.*audited\.example\.com.*)$/m.exec(server.printed) ?? [];
    const { duration } = body;
    expect(JSON.parse(String(record))).toMatchObject({ tools: ["crypto"], permissions, duration });
  });
});
