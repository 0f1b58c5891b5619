import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { TestRegistry } from "../../dev/npm-registry/server.ts";
import { Postgres } from "../../dev/postgres.ts";
import { until } from "../contract/engine-contract.ts";
import { BoundSite } from "./bound-site.ts";
import { Receiver } from "./receiver.ts";
import { REUSING, TestServer } from "./server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ADMIN_KEY = "a".repeat(64);
const SECRET_KEY = "b".repeat(64);
/** Hosts of bindings in the docs, and the secret that they take. */
const BOUND = ["www.example.com", "api.example.com"];
const BOUND_SECRET = "sk-live-0123456789";
const BOUND_NAMES = /(?<=https:\/\/|")(www|api)\.example\.com(?=[/"'\\])/g;

/** Servers that the docs assume: with and without keys, sites, a receiver, a database. */
export class DocsServers {
  readonly open: TestServer;
  readonly keyed: TestServer;
  /** Answers for `example.com`, and receives callbacks. */
  readonly receiver: Receiver;
  readonly #postgres: Postgres;
  readonly #registry: TestRegistry;
  readonly #site: BoundSite;
  readonly #data: string;
  #key = "";

  private constructor(open: TestServer, keyed: TestServer, receiver: Receiver, more: More) {
    this.open = open;
    this.keyed = keyed;
    this.receiver = receiver;
    this.#postgres = more.postgres;
    this.#registry = more.registry;
    this.#site = more.site;
    this.#data = more.data;
  }

  static async start(): Promise<DocsServers> {
    const receiver = await Receiver.start();
    receiver.bodies.set("/functions", '{"result":4}');
    const postgres = await Postgres.start();
    const data = await mkdtemp(join(tmpdir(), "isolate-docs-data-"));
    // Below the directory that the sandboxes' user cannot read.
    await mkdir(join(data, "files"));
    await writeFile(join(data, "files/a.txt"), "text");
    const port = receiver.host.split(":")[1];
    const registry = await TestRegistry.start();
    registry.publishInstalled(ROOT, ["zod", "hono"]);
    const site = await BoundSite.start(BOUND, `Bearer ${BOUND_SECRET}`);
    const ca = join(data, "ca.pem");
    await writeFile(ca, site.authority);
    const bound = BOUND.map((name) => `${name}:${site.port}`);
    const hosts = Object.fromEntries(["example.com", ...BOUND].map((name) => [name, "127.0.0.1"]));
    const egress = { ISOLATE_EGRESS_CA: ca, ISOLATE_EGRESS_HOSTS: JSON.stringify(hosts) };
    const open = await TestServer.start({
      ...REUSING,
      ...egress,
      ISOLATE_SECRET_KEY: SECRET_KEY,
      DATABASE_URL: postgres.url(),
      ISOLATE_NPM_REGISTRY: registry.url,
      ISOLATE_CODE_BYTES: "1048576",
      ISOLATE_ENV: '{"GREETING":"hello"}',
      ISOLATE_MOUNTS: JSON.stringify({ "/data": join(data, "files") }),
      ISOLATE_EGRESS_PRIVATE: [`example.com:${port}`, receiver.host, ...bound].join(),
    });
    const keyed = await TestServer.start({
      ...REUSING,
      ...egress,
      ISOLATE_EGRESS_PRIVATE: bound.join(),
      ISOLATE_ADMIN_KEY: ADMIN_KEY,
      ISOLATE_SECRET_KEY: SECRET_KEY,
    });
    const servers = new DocsServers(open, keyed, receiver, { postgres, registry, site, data });
    servers.#key = await servers.#makeKey();
    const ready = "The egress proxy is ready";
    await until(() => open.log.includes(ready) && keyed.log.includes(ready));
    return servers;
  }

  /** Environment of the commands. */
  get env(): Record<string, string> {
    return { ISOLATE_ADMIN_KEY: ADMIN_KEY, ISOLATE_KEY: this.#key };
  }

  /** Variables of the commands. The command line sends a key that is there, so that a server without keys gets none. */
  variables(keyed: boolean): Record<string, string> {
    const { url } = keyed ? this.keyed : this.open;
    return { ...(keyed ? this.env : {}), ISOLATE_URL: url };
  }

  /** Replaces addresses in commands and programs of the docs by those of the test's servers. */
  addressed(text: string, keyed = false): string {
    const port = this.receiver.host.split(":")[1];
    return text
      .replaceAll(/http:\/\/(localhost|127\.0\.0\.1):8787/g, (keyed ? this.keyed : this.open).url)
      .replaceAll("127.0.0.1:9000", this.receiver.host)
      .replaceAll(BOUND_NAMES, `$&:${this.#site.port}`)
      .replaceAll("http://example.com", `http://example.com:${port}`)
      .replaceAll('"example.com"', `"example.com:${port}"`);
  }

  async stop(): Promise<string[]> {
    const left = [...(await this.open.dispose()), ...(await this.keyed.dispose())];
    await this.#postgres.stop();
    this.receiver.stop();
    this.#site.stop();
    await this.#registry.stop();
    await rm(this.#data, { recursive: true });
    return left;
  }

  async #makeKey(): Promise<string> {
    const headers = {
      Authorization: `Bearer ${ADMIN_KEY}`,
      "Content-Type": "application/json",
    };
    const tenant = `${this.keyed.url}/admin/tenants/acme`;
    await fetch(tenant, { method: "PUT", headers, body: "{}" });
    const response = await fetch(`${tenant}/keys`, { method: "POST", headers, body: "{}" });
    return ((await response.json()) as { key: string }).key;
  }
}

interface More {
  readonly postgres: Postgres;
  readonly registry: TestRegistry;
  readonly site: BoundSite;
  readonly data: string;
}

/** Result of a block of commands. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Its keys, of which the page may have exported some. */
  readonly exported: Record<string, string>;
}

/** Runs a block of commands. `curl` fails for an error answer unless one is expected. */
export function runScript(
  script: string,
  options: { cwd: string; env: Record<string, string>; expectsError: boolean },
): Promise<Ran> {
  const flags = `--silent --show-error --max-time 60 ${options.expectsError ? "" : "--fail-with-body"}`;
  const own = `isolate() { ${process.execPath} ${ROOT}bin/isolate.js "$@"; }`;
  const text = `set -euo pipefail\n${own}\ncurl() { command curl ${flags} "$@"; }\n${script}\nenv -0 >&3\n`;
  const child = spawn("bash", ["-c", text], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let variables = "";
  (child.stdio[3] as Readable).setEncoding("utf8").on("data", (chunk: string) => {
    variables += chunk;
  });
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const pairs = [...variables.matchAll(/(?<=^|\0)(\w+_KEY)=([^\0]*)/g)];
      const exported = Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, value]));
      resolve({ code, stdout, stderr, exported });
    });
  });
}
