import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Context } from "../../src/plugins/plugin.ts";
import { type CreateRegistryOptions, createRegistry } from "../../src/resourcex/create-registry.ts";
import type { BundledType, SandboxType } from "../../src/resourcex/types/type.ts";
import { helloFolder, scratch } from "../helpers/resourcex.ts";
import { provedElsewhere } from "./case-choice.ts";
import { until } from "./engine-contract.ts";

const TIMEOUT = 20_000;

/** A web server of the test, which counts what connects to it. */
class Site {
  connections = 0;
  readonly #server: Server = createServer((_request, response) => response.end("reached"));

  async open(): Promise<number> {
    this.#server.on("connection", () => {
      this.connections += 1;
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Tests what types may do with the permissions and tools that they ask for, at a level. */
export function describeTypePermissions(level: Exclude<SandboxType, "none">): void {
  const granted = new Site();
  const other = new Site();
  /** Addresses of the sites as `host:port`, in the form that this level connects to. */
  let up = "";
  let evil = "";
  let settings: NonNullable<CreateRegistryOptions["config"]> = {};
  const seen: Context[] = [];

  beforeAll(async () => {
    const [upPort, evilPort] = [await granted.open(), await other.open()];
    const hosts = { "up.example": "127.0.0.1", "evil.example": "127.0.0.1" };
    up = level === "container" ? `up.example:${upPort}` : `127.0.0.1:${upPort}`;
    evil = level === "container" ? `evil.example:${evilPort}` : `127.0.0.1:${evilPort}`;
    settings = {
      egress: { hosts, private: [up, evil] },
      env: { GREETING: "hello", OTHER: "other" },
    };
  });
  afterAll(() => {
    granted.close();
    other.close();
  });

  /** Runs a type with these fields on a resource. */
  async function run(
    body: string,
    fields: Partial<BundledType>,
    config: CreateRegistryOptions["config"] = settings,
  ): Promise<unknown> {
    const lines: string[] = [];
    const code = `export default { async resolve(rxr, args) { ${body} } }`;
    const type = { name: "probe", description: "", code, sandbox: level, ...fields };
    const registry = createRegistry({
      path: await scratch(),
      types: [type],
      timeout: TIMEOUT,
      config,
      isolator: level,
      log: (line) => void lines.push(line),
      plugins: [
        {
          name: "watcher",
          setup: (api) => api.onLoad.tap((context) => void seen.push(context)),
        },
      ],
    });
    onTestFinished(() => registry.close());
    if (level === "container") {
      // The first execution starts the level, and the proxy starts beside it.
      await registry.add(await helloFolder());
      await (await registry.resolve("hello.text@1.0.0")).execute();
      await until(() => lines.includes("The egress proxy is ready"));
      seen.length = 0;
    }
    await registry.add(await helloFolder("x", { name: "a", type: "probe", version: "1" }));
    const { execute } = await registry.resolve("a.probe@1");
    return execute({ up, evil });
  }

  const attempt = (what: string): string =>
    `await (async () => { ${what} })().catch((error) => error.name)`;
  const get = (host: string): string =>
    attempt(`return await (await fetch("http://" + args.${host} + "/")).text()`);

  // The registry and the kernel decide these before a level runs anything.
  const further = provedElsewhere(level === "container");

  describe(`a type at level ${level}`, () => {
    it("reaches the host that it asks for, and no other", async () => {
      const before = granted.connections;
      const both = `return [${get("up")}, ${get("evil")}]`;
      expect(await run(both, { permissions: { net: [up] } })).toEqual(["reached", "NotCapable"]);
      expect(granted.connections).toBeGreaterThan(before);
      expect(other.connections).toBe(0);
    });

    it("reaches nothing if it asks for nothing", async () => {
      const before = granted.connections;
      expect(await run(`return [${get("up")}, ${get("evil")}]`, {})).toEqual([
        "NotCapable",
        "NotCapable",
      ]);
      expect([granted.connections, other.connections]).toEqual([before, 0]);
    });

    further("sees the variable that it asks for, and no other", async () => {
      const variable = (name: string) => attempt(`return Deno.env.get("${name}")`);
      const both = `return [${variable("GREETING")}, ${variable("OTHER")}]`;
      expect(await run(both, { permissions: { env: ["GREETING"] } })).toEqual([
        "hello",
        "NotCapable",
      ]);
    });

    further("has the tools that it asks for, and no others", async () => {
      const kinds = "return [typeof channel, typeof db]";
      expect(await run(kinds, { tools: ["channel"] })).toEqual(["object", "undefined"]);
      expect(await run(kinds, {})).toEqual(["undefined", "undefined"]);
    });

    further("does not run if it asks for more than the ceiling", async () => {
      const before = granted.connections;
      const ceiling = { ...settings, ceiling: { net: ["ceiling.example:443"] } };
      const running = run(`return ${get("up")}`, { permissions: { net: [up] } }, ceiling);
      await expect(running).rejects.toMatchObject({
        name: "PermissionError",
        status: 403,
        field: "permissions.net[0]",
        message: expect.stringContaining("exceeds the ceiling"),
      });
      await expect(run("return 1", { tools: ["rockets"] })).rejects.toMatchObject({
        status: 400,
        field: "tools[0]",
      });
      expect(granted.connections).toBe(before);
    });

    further("is seen by the plugins of its registry", async () => {
      seen.length = 0;
      expect(await run("return 1", { permissions: { env: ["GREETING"] }, tools: ["crypto"] })).toBe(
        1,
      );
      expect(seen).toMatchObject([
        { level, tools: [{ name: "crypto" }], permissions: { env: ["GREETING"], net: [] } },
      ]);
    });
  });
}
