/** Tests executions of several tenants in real sandboxes: their settings and their reports. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Aborted } from "../../src/base/errors.ts";
import { config } from "../../src/config/config.ts";
import { type Opened, openKernel } from "../../src/kernel/open.ts";
import type { Tenant } from "../../src/request/tenant.ts";
import type { Denial } from "../../src/request/types.ts";
import { until } from "../contract/engine-contract.ts";

const BYTES = 300_000;
/** Near the most bytes that one execution may receive. */
const LARGE = 100_000_000;
const acme: Tenant = { id: "acme", env: { TOKEN: "of acme", REGION: "north" } };
const other: Tenant = { id: "other", env: { TOKEN: "of other" } };

let directory: string;
let serverConnection: Server;
let host: string;
let opened: Opened;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  serverConnection = createServer(({ url }, response) => {
    if (url !== "/large") return response.end(Buffer.alloc(BYTES, "x"));
    const part = Buffer.alloc(1_000_000);
    Readable.from(Array.from({ length: LARGE / part.length }, () => part)).pipe(response);
  });
  await new Promise<void>((resolve) => serverConnection.listen(0, "127.0.0.1", resolve));
  host = `files.example.com:${(serverConnection.address() as AddressInfo).port}`;
  let proxy = false;
  opened = await openKernel({
    config: config({
      tenants: true,
      env: { HOSTS: "the operator's" },
      timeout: 20_000,
      egress: { hosts: { "files.example.com": "127.0.0.1" }, private: [host] },
    }),
    runDirectory: directory,
    containers: { host: process.env.DOCKER_HOST },
    log: (line) => {
      proxy ||= line.includes("egress proxy is ready");
    },
  });
  await until(() => proxy);
});
afterAll(async () => {
  await opened.close();
  serverConnection.close();
  await rm(directory, { recursive: true });
});

const env = `export default (names) => names.map((name) => {
  try { return Deno.env.get(name) ?? null } catch (error) { return error.name } })`;

describe("a tenant's variables", () => {
  it.each(["container", "isolated"] as const)("are its own, at level %s", async (sandbox) => {
    const input = ["TOKEN", "REGION", "HOSTS", "PATH", "HOME"];
    const run = (tenant: Tenant, names: string[]) =>
      opened.kernel.execute({ code: env, input, sandbox, permissions: { env: names } }, { tenant });
    const none = "NotCapable";
    const [first, second] = [await run(acme, ["TOKEN"]), await run(other, ["TOKEN"])];
    expect(first.result).toEqual(["of acme", none, none, none, none]);
    expect(second.result).toEqual(["of other", none, none, none, none]);
    await expect(run(acme, ["HOSTS"])).rejects.toMatchObject({ field: "permissions.env[0]" });
  });
});

const request = (code: string) => ({
  code,
  input: `http://${host}/`,
  permissions: { net: [host, "refused.example.com:443"] },
});
const LOAD = "const length = (await (await fetch(url)).text()).length;";
const FOREVER = "console.log('loaded'); while (true) {}";

describe("what goes through the proxy", () => {
  it("is counted", async () => {
    const code = `export default async (url) => { ${LOAD} return length; }`;
    const { result, usage } = await opened.kernel.execute(request(code), { tenant: acme });
    expect(result).toBe(BYTES);
    expect(usage.egressBytes).toBeGreaterThan(BYTES);
    expect(usage.egressBytes).toBeLessThan(BYTES + 5_000);
  });

  it("is counted of what runs into its timeout, too, and of what is aborted", async () => {
    const code = `export default async (url) => { ${LOAD} ${FOREVER} }`;
    const late = await opened.kernel.execute({ ...request(code), timeout: 3_000 });
    expect(late.outcome).toBe("timeout");
    expect(late.usage.egressBytes).toBeGreaterThan(BYTES);
    const stop = new AbortController();
    const observer = { onLog: () => stop.abort() };
    const options = { tenant: acme, observer, signal: stop.signal };
    const error: unknown = await opened.kernel
      .execute(request(code), options)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Aborted);
    expect((error as Aborted).usage?.egressBytes).toBeGreaterThan(BYTES);
  });

  it("may be as much as a hundred megabytes", async () => {
    const code = `export default async (url) => {
      let bytes = 0;
      for await (const part of (await fetch(url + "large")).body) bytes += part.length;
      return bytes;
    }`;
    const { result, usage } = await opened.kernel.execute(request(code), { tenant: acme });
    expect(result).toBe(LARGE);
    expect(usage.egressBytes).toBeGreaterThan(LARGE);
  });

  it("is told of as it is refused, once for each host", async () => {
    const denials: Denial[] = [];
    let over = false;
    const code = `export default async () => {
      for (let n = 0; n < 3; n += 1) await fetch("https://refused.example.com/").catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 500)); }`;
    const observer = { onDenied: (denial: Denial) => void (over || denials.push(denial)) };
    const execution = opened.kernel.execute(request(code), { tenant: acme, observer });
    await until(() => denials.length === 1);
    await sleep(50);
    over = true;
    const { denied } = await execution;
    const [first] = denied ?? [];
    expect(denials).toHaveLength(1);
    expect(first).toMatchObject({
      kind: "net",
      value: "refused.example.com:443",
      by: "egress",
      count: 3,
    });
    const { count: _count, ...told } = first as Denial;
    expect(denials).toEqual([told]);
  });
});
