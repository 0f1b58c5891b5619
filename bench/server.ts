import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { deadline } from "../src/base/deadline.ts";
import { endChild, lastWords } from "./children.ts";
import { listSandboxes, removeOwn } from "./containers.ts";
import { type Answer, Client } from "./http.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The first start on a host builds the sandbox image, and may pull its base. */
const READY_WITHIN = 240_000;
/** A server drains for at most 10 s, then removes its containers for at most 20 s. */
const STOP_WITHIN = 35_000;
const QUIET_WITHIN = 60_000;
const POLL = 20;
/** Milliseconds of the engine's work for a container after its answer. Samples start later. */
const SETTLE = 120;

interface PoolCounts {
  readonly warm: number;
  readonly starting: number;
  readonly leased: number;
  readonly kept: number;
}

export interface ServerOptions {
  readonly docker: Docker;
  readonly runDirectory: string;
  readonly min: number;
  /** Root of the checkout whose server is started. Default: this one. */
  readonly checkout?: string | undefined;
  readonly databaseUrl?: string | undefined;
  /** URL of the registry of packages, for the row that needs one. */
  readonly npmRegistry?: string | undefined;
  /** The operator's key of a server with tenants, which `quiet()` does not support. */
  readonly adminKey?: string | undefined;
  /** `none` for a server without containers, which runs everything at `isolated`. */
  readonly engine?: "none" | undefined;
  readonly signal: AbortSignal;
}

/** A real server process, as `npm start` runs it, with a run directory and a port of its own. */
export class BenchServer {
  readonly client: Client;
  readonly origin: string;
  /** Name of its sandboxes' image. */
  readonly image: string;
  readonly #child: ChildProcess;
  readonly #options: ServerOptions;

  private constructor(
    parts: { child: ChildProcess; origin: string; image: string },
    options: ServerOptions,
  ) {
    this.origin = parts.origin;
    this.client = new Client(parts.origin, options.signal, options.adminKey);
    this.image = parts.image;
    this.#child = parts.child;
    this.#options = options;
  }

  static async start(options: ServerOptions): Promise<BenchServer> {
    const child = launchOf(options);
    try {
      return new BenchServer({ child, ...(await announced(child, options)) }, options);
    } catch (error) {
      await end(child, options);
      throw error;
    }
  }

  execute(request: object, expected: unknown): Promise<Answer> {
    return this.client.execute(request, expected);
  }

  /** Resolves when only the minimum is warm, and neither server nor engine is busy. */
  async quiet(): Promise<void> {
    const { docker, runDirectory, min, engine, signal } = this.#options;
    for (const end = performance.now() + QUIET_WITHIN; performance.now() < end; ) {
      const { warm, starting, leased, kept } = await this.#pool();
      const idle = warm >= min && starting === 0 && leased === 0;
      // The pool forgets a sandbox before the engine has removed its container.
      const containers = async () => (await listSandboxes(docker, runDirectory)).length;
      if (idle && (engine === "none" || (await containers()) === warm + kept)) {
        await sleep(SETTLE, undefined, { signal });
        return;
      }
      await sleep(POLL, undefined, { signal });
    }
    throw new Error(`The pool did not come to rest within ${QUIET_WITHIN} ms`);
  }

  /** Lists the process ids of its sandboxes' first processes. */
  async sandboxPids(): Promise<number[]> {
    const { docker, runDirectory } = this.#options;
    const own = await listSandboxes(docker, runDirectory);
    const inspected = await Promise.all(own.map(({ Id }) => docker.getContainer(Id).inspect()));
    return inspected.map(({ State }) => State.Pid);
  }

  get runDirectory(): string {
    return this.#options.runDirectory;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.client.close();
    await end(this.#child, this.#options);
  }

  async #pool(): Promise<PoolCounts> {
    const { body } = await this.client.get("/readyz");
    return (body as { pool: PoolCounts }).pool;
  }
}

/** Starts the process of a server. Its log is its standard error. */
export function launchOf(options: ServerOptions): ChildProcess {
  const checkout = options.checkout ?? ROOT;
  return spawn(process.execPath, startArguments(checkout), {
    cwd: checkout,
    env: environment(options),
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Returns the directory of the store of a server with that run directory. */
export function storeOf(runDirectory: string): string {
  return `${runDirectory}-store`;
}

/** Reads the arguments of Node.js from `npm start` of a checkout. */
function startArguments(checkout: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
    scripts: { start: string };
  };
  return scripts.start.split(" ").slice(1);
}

/** Copies the bench's environment without settings of Isolate, and adds the server's own. */
function environment(options: ServerOptions): NodeJS.ProcessEnv {
  const { runDirectory, min, databaseUrl, npmRegistry, adminKey, engine } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("ISOLATE_"));
  return {
    ...Object.fromEntries(inherited),
    HOST: "127.0.0.1",
    PORT: "0",
    ISOLATE_RUN_DIR: runDirectory,
    ISOLATE_STORE_URL: storeOf(runDirectory),
    ISOLATE_POOL_MIN: String(min),
    ISOLATE_POOL_MAX: "8",
    // For the row of large code, whose files could not be bundled to as much.
    ISOLATE_CODE_BYTES: "4194304",
    ...(npmRegistry !== undefined && { ISOLATE_NPM_REGISTRY: npmRegistry }),
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...(adminKey !== undefined && { ISOLATE_ADMIN_KEY: adminKey }),
    ...(engine !== undefined && { ISOLATE_ENGINE: engine }),
  };
}

/** Resolves with the address and the image in a starting server's log. */
function announced(
  child: ChildProcess,
  { engine, signal }: ServerOptions,
): Promise<{ origin: string; image: string }> {
  const words = lastWords(child);
  const said = new Promise<{ origin: string; image: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`The server did not start: ${words()}`)));
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    child.stderr?.on("data", () => {
      const origin = /listens on (http:[^\s"]+)/.exec(words())?.[1];
      const image = engine === "none" ? "" : /sandboxes run ([^\s"]+)/.exec(words())?.[1];
      if (origin !== undefined && image !== undefined) resolve({ origin, image });
    });
  });
  return deadline(said, READY_WITHIN, "Starting the server");
}

async function end(child: ChildProcess, { docker, runDirectory }: ServerOptions): Promise<void> {
  await endChild(child, "SIGTERM", STOP_WITHIN);
  await removeOwn(docker, runDirectory);
  await rm(storeOf(runDirectory), { recursive: true, force: true });
}
