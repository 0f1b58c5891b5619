/** Tests sandboxes in gVisor, with an engine of the test's own. Skipped without runsc. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { release, uptime } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { hasGVisor } from "../helpers/gvisor.ts";
import { PrivateEngine } from "../helpers/private-engine.ts";
import { TestServer } from "../helpers/server.ts";

describe.skipIf(!hasGVisor)("a sandbox in gVisor", () => {
  const reached: string[] = [];
  let serverConnection: Server;
  let port: number;
  let engine: PrivateEngine;
  let server: TestServer;
  beforeAll(async () => {
    serverConnection = createServer((request, response) => {
      reached.push(request.headers.host ?? "");
      response.end("reached");
    });
    await new Promise<void>((resolve) => serverConnection.listen(0, "127.0.0.1", resolve));
    port = (serverConnection.address() as AddressInfo).port;
    engine = await PrivateEngine.create();
    server = await TestServer.start({
      DOCKER_HOST: `unix://${engine.socket}`,
      ISOLATE_RUNTIME: "runsc",
      ISOLATE_POOL_MIN: "1",
      ISOLATE_EGRESS_HOSTS: '{"up.example":"127.0.0.1","evil.example":"127.0.0.1"}',
      ISOLATE_EGRESS_PRIVATE: `up.example:${port},evil.example:${port}`,
    });
    await until(() => server.log.includes("The egress proxy is ready"));
  }, 180_000);
  afterAll(async () => {
    expect(await server?.dispose()).toEqual([]);
    await engine?.dispose();
    serverConnection?.close();
  });

  const run = (code: string, rest: object = {}) =>
    server.execute({ code, timeout: 40_000, ...rest });

  it("runs code on a kernel that is not the host's", async () => {
    const code = "export default () => [Deno.osRelease(), Deno.osUptime()]";
    const { result } = await run(code, { permissions: { sys: ["osRelease", "osUptime"] } });
    const [kernel, seconds] = result as [string, number];
    // In a runc container, both values are the host's.
    expect(kernel).not.toBe(release());
    expect(seconds).toBeLessThan(uptime() - 5);
  });

  it("leaves files, though its workers cannot be seen from outside", async () => {
    const code = "export default () => Deno.copyFileSync('/tmp/in/a', '/tmp/out/b')";
    const { artifacts, artifactsOmitted } = await run(code, {
      files: { a: "a" },
      artifacts: ["*"],
    });
    expect({ artifacts, artifactsOmitted }).toEqual({
      artifacts: [{ path: "b", bytes: 1, text: "a" }],
    });
  });

  it("reaches a granted host through the proxy, and no other", async () => {
    const code = "export default async (url) => (await fetch(url)).text()";
    const permissions = { net: [`up.example:${port}`] };
    const granted = await run(code, { permissions, input: `http://up.example:${port}/` });
    expect(granted).toMatchObject({ ok: true, result: "reached" });
    const evil = `evil.example:${port}`;
    const refused = await run(code, { permissions, input: `http://${evil}/` });
    expect(refused).toMatchObject({ ok: false, denied: [{ kind: "net", value: evil }] });
    expect(reached).toEqual([`up.example:${port}`]);
  });

  it("is ended when it takes more memory than it has, buffers included", async () => {
    const code =
      "export default () => { const a = []; for (;;) a.push(new Uint8Array(1e7).fill(1)) }";
    // The engine does not learn of every kill by gVisor that memory was the reason.
    expect((await run(code)).logs?.at(-1)?.name).toMatch(/^(MemoryError|CrashError)$/);
    expect(await run("export default () => 1")).toMatchObject({ ok: true, result: 1 });
  });
});
