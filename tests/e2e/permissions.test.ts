/** Tests a request's grants over HTTP and in containers: files, variables, hosts, and the plan. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withTunnels } from "../../src/protocol/tunnels.ts";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

let directory: string;
let serverConnection: Server;
let host: string;
let server: TestServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-files-"));
  await mkdir(join(directory, "data"));
  await writeFile(join(directory, "data/a.txt"), "mounted");
  await writeFile(join(directory, "secret.txt"), "not mounted");
  serverConnection = createServer((_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end('{"name":"deno","stargazers_count":95000}');
  });
  await new Promise<void>((resolve) => serverConnection.listen(0, "127.0.0.1", resolve));
  host = `api.example.com:${(serverConnection.address() as AddressInfo).port}`;
  server = await TestServer.start({
    ISOLATE_MOUNTS: JSON.stringify({ "/data": join(directory, "data") }),
    ISOLATE_ENV: JSON.stringify(VALUES),
    ISOLATE_EGRESS_HOSTS: '{"api.example.com":"127.0.0.1"}',
    ISOLATE_EGRESS_PRIVATE: host,
  });
  await until(() => server.log.includes("The egress proxy is ready"));
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  serverConnection.close();
  await rm(directory, { recursive: true });
});

const VALUES: Readonly<Record<string, string>> = { GREETING: "hello", OTHER: "other" };

const attempt = (body: string): string =>
  `export default async (input) => { try { ${body} } catch (error) { return error.name } }`;

describe("permissions over HTTP", () => {
  it("the published example: a request to a host", async () => {
    const code =
      "export default async function(url) { const response = await fetch(url); const data = await response.json(); return data; }";
    const request = { code, input: `http://${host}/repos/denoland/deno`, timeout: 20_000 };
    const output = await server.execute({ ...request, permissions: { net: [host] } });
    const result = { name: "deno", stargazers_count: 95_000 };
    expect(output).toMatchObject({ ok: true, result });
    const without = await server.execute(request);
    expect(without).toMatchObject({
      ok: false,
      denied: [{ kind: "net", value: host, by: "worker", permission: { net: [host] } }],
      logs: [{ name: "NotCapable", hint: `Add {"net":["${host}"]} to "permissions"` }],
    });
  });

  it("files: what the operator has mapped, read-only, and scratch", async () => {
    const code = attempt(`
      const all = [Deno.readTextFileSync("/data/a.txt")];
      Deno.writeTextFileSync("/tmp/x", "scratch");
      all.push(Deno.readTextFileSync("/tmp/x"));
      for (const path of ["/data/a.txt", "/etc/passwd", "/runner/host.js", "/tmp/../etc/passwd"]) {
        try { Deno.writeTextFileSync(path, "x"); all.push("written") } catch (e) { all.push(e.name) }
        try { if (path !== "/data/a.txt") { Deno.readTextFileSync(path); all.push("read") } }
        catch (e) { all.push(e.name) }
      }
      return all`);
    const permissions = { read: ["/data", "/tmp"], write: ["/tmp"] };
    const output = await server.execute({ code, permissions, timeout: 20_000 });
    expect(output.result).toEqual(["mounted", "scratch", ...Array(7).fill("NotCapable")]);
  });

  it("variables: the named ones, for that execution alone", async () => {
    const code = attempt("return [Deno.env.get('GREETING'), Deno.env.get('OTHER')]");
    const both = { code, permissions: { env: ["GREETING", "OTHER"] }, timeout: 20_000 };
    expect((await server.execute(both)).result).toEqual(["hello", "other"]);
    const one = { ...both, permissions: { env: ["GREETING"] } };
    expect((await server.execute(one)).result).toBe("NotCapable");
    expect((await server.execute({ code })).result).toBe("NotCapable");
  });

  it.each([
    [{ net: ["*"] }, 403, "permissions.net[0]"],
    [{ net: ["x.org", "http://x.org"] }, 400, "permissions.net[1]"],
    [{ net: ["169.254.169.254"] }, 403, "permissions.net[0]"],
    [{ net: ["x.org", "127.0.0.1:8080"] }, 403, "permissions.net[1]"],
    [{ net: ["10.0.0.8:5432"] }, 403, "permissions.net[0]"],
    [{ net: ["localhost"] }, 403, "permissions.net[0]"],
    // Mapped to loopback, and opened for another port.
    [{ net: ["api.example.com:1"] }, 403, "permissions.net[0]"],
    [{ read: ["/data", "/srv"] }, 403, "permissions.read[1]"],
    [{ read: ["/data/../etc"] }, 400, "permissions.read[0]"],
    [{ read: ["/proc/self"] }, 403, "permissions.read[0]"],
    [{ write: ["/data"] }, 403, "permissions.write[0]"],
    [{ env: ["PATH"] }, 403, "permissions.env[0]"],
    [{ env: ["A,B"] }, 400, "permissions.env[0]"],
    [{ run: ["sh"] }, 403, "permissions.run[0]"],
    [{ ffi: ["/lib/x.so"] }, 403, "permissions.ffi[0]"],
    [{ net: Array.from({ length: 10_000 }, (_, i) => `h${i}.org`) }, 400, "permissions.net"],
    [{ network: [] }, 400, "permissions.network"],
    ["inherit", 400, "permissions"],
  ])("refuses %j by name, and shows as much in the plan", async (permissions, status, field) => {
    const request = { code: "export default () => 1", permissions };
    const response = await server.post(request);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { field } });
    const planned = await server.post(request, undefined, "/plan");
    expect(planned.status).toBe(200);
    expect(await planned.json()).toMatchObject({ refusals: [{ field }] });
  });

  it("explains what was granted, without a path of the host's or a value", async () => {
    const permissions = { net: ["Www.Example.com"], read: ["/data/a.txt"], env: ["GREETING"] };
    const request = { code: "export default () => 1", permissions, timeout: 20_000 };
    const { plan } = await server.execute({ ...request, explain: true });
    expect(plan).toMatchObject({
      level: "container",
      worker: {
        net: withTunnels(["www.example.com:443", "www.example.com:80"]),
        read: ["/data/a.txt"],
        env: ["GREETING"],
        run: false,
      },
      egress: { allow: ["www.example.com"] },
      mounts: ["/data"],
      container: {
        user: "65534:65534",
        network: { mode: "none", lent: true },
        memory: 256,
        mounts: { "/run/isolate": "ro", "/data": "ro" },
      },
      refusals: [],
    });
    expect(JSON.stringify(plan)).not.toContain(directory);
    expect(JSON.stringify(plan)).not.toContain("hello");
    const planned = await (await server.post(request, undefined, "/plan")).json();
    expect(planned).toEqual(plan);
    const isolated = { code: request.code, sandbox: "isolated" };
    const other = await server.post(isolated, undefined, "/plan");
    expect(await other.json()).toMatchObject({ level: "isolated", container: null });
  });

  it("keeps alternating grants apart", async () => {
    const code =
      "export default (names) => names.map((n) => { try { return Deno.env.get(n) } catch { return null } })";
    const names = ["GREETING", "OTHER"];
    // tests/e2e/alternating-grants.test.ts takes more turns.
    for (let round = 0; round < (SOAK ? 6 : 2); round += 1) {
      const own = names[round % 2] ?? "";
      const request = { code, permissions: { env: [own] }, input: names, timeout: 20_000 };
      const result = names.map((name) => (name === own ? VALUES[name] : null));
      expect(await server.execute(request)).toMatchObject({ ok: true, result });
    }
  });
});
