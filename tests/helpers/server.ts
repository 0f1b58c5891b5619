import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionAnswer } from "../../server/runs/answer.ts";
import type { Output } from "../../src/request/types.ts";
import { until } from "../contract/engine-contract.ts";
import { NODE_FLAGS } from "../runner/node-flags.ts";
import { SOAK } from "./soak.ts";
import { storeDirectory } from "./store.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/**
 * Milliseconds between two requests to `/readyz`. More requests would slow down the sandboxes that
 * start meanwhile.
 */
const READY_EVERY = 40;

/**
 * Pool of a test's server. It keeps fewer sandboxes ready than the default does, because most tests would pay for starts
 * that they do not use.
 */
const POOL = { ISOLATE_POOL_MIN: "1", ISOLATE_POOL_PREPARED: "0" };

/**
 * Settings of servers whose tests look at answers, and not at sandboxes. A worker in a sandbox of the tenant costs a tenth of
 * a container. A soak gives each execution a sandbox of its own, as servers do by default.
 */
export const REUSING: Record<string, string> = SOAK ? {} : { ISOLATE_REUSE: "tenant" };

/**
 * Settings of such servers that need no engine, because they read and pass on the same for processes. A soak starts
 * containers.
 */
export const IN_PROCESSES: Record<string, string> = SOAK
  ? {}
  : { ...REUSING, ISOLATE_ENGINE: "none", ISOLATE_TENANT_SANDBOX: "isolated" };

/** A server in a process of its own, on a free port, as an operator runs it. */
export class TestServer {
  readonly runDirectory: string;
  readonly #env: Record<string, string>;
  /** Folder of the version that it runs. */
  readonly #root: string;
  #child: ChildProcess | undefined;
  /** Store of its own. It remains for the next start. */
  #store: string | undefined;
  url = "";
  /** Text of stderr: the log. */
  log = "";
  /** Text of stdout: lines that the configuration asks for. */
  printed = "";

  constructor(runDirectory: string, env: Record<string, string> = {}, root = ROOT) {
    this.runDirectory = runDirectory;
    this.#env = env;
    this.#root = root;
  }

  /** Starts a server with its own run directory. Resolves once it is ready. */
  static async start(env: Record<string, string> = {}, root = ROOT): Promise<TestServer> {
    const server = new TestServer(await mkdtemp(join(tmpdir(), "isolate-")), env, root);
    try {
      await server.start();
      await server.ready();
      return server;
    } catch (error) {
      await server.stop("SIGKILL");
      throw error;
    }
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, and again as a supervisor does, if the store of a busy machine has not answered in time. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#launch();
      } catch (error) {
        if (tries === 3 || !this.log.includes("timeout expired")) throw error;
      }
    }
  }

  async #launch(): Promise<void> {
    this.log = "";
    this.printed = "";
    this.url = "";
    if (!("ISOLATE_STORE_URL" in this.#env)) this.#store ??= await storeDirectory();
    const store = this.#store === undefined ? {} : { ISOLATE_STORE_URL: this.#store };
    // The command of `npm start`, with flags.
    const program = [...NODE_FLAGS, "--import", "./bin/environment.js", "dist/server/main.js"];
    const child = spawn(process.execPath, program, {
      cwd: this.#root,
      env: {
        ...process.env,
        PORT: "0",
        ISOLATE_RUN_DIR: this.runDirectory,
        ...store,
        ...POOL,
        ...this.#env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      this.printed += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.log += chunk;
    });
    for (let tries = 0; this.url === ""; tries += 1) {
      if (tries === 3) throw new Error(`Not listening: ${this.log}`);
      await until(() => {
        if (child.exitCode !== null) return true;
        this.url = /listens on (http:[^\s"]+)/.exec(this.log)?.[1] ?? "";
        return this.url !== "";
      }).catch(() => {});
      if (child.exitCode !== null) throw new Error(this.log);
    }
  }

  /** Resolves once a warm sandbox exists. */
  async ready(): Promise<void> {
    for (let tries = 0; tries < 6; tries += 1) {
      if (await this.#readyWithin10s()) return;
    }
    throw new Error(`Not ready: ${this.log}`);
  }

  #readyWithin10s(): Promise<boolean> {
    const warm = async (): Promise<boolean> => {
      const response = await fetch(`${this.url}/readyz`);
      const { pool } = (await response.json()) as { pool?: { warm: number } };
      // A server with keys shows only the status.
      return response.ok && pool?.warm !== 0;
    };
    return until(warm, READY_EVERY).then(
      () => true,
      () => false,
    );
  }

  post(request: object, signal?: AbortSignal, path = "/execute"): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
      ...(signal && { signal }),
    });
  }

  /** Returns the same answer as the library would. */
  async execute(request: object): Promise<Output> {
    const answer = await (await this.post(request)).json();
    const { id, ...output } = answer as ExecutionAnswer;
    return output;
  }

  /** Ends the process. Resolves with its exit code, or the signal that ended it. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = new Promise<number | string | null>((resolve) => {
      child.once("exit", (code, by) => resolve(code ?? by));
    });
    child.kill(signal);
    return exited;
  }

  /** Stops the server. Removes its store and its run directory, which must be empty. */
  async dispose(): Promise<string[]> {
    await this.stop();
    const left = await readdir(this.runDirectory);
    await rm(this.runDirectory, { recursive: true });
    if (this.#store !== undefined) await rm(dirname(this.#store), { recursive: true });
    return left;
  }
}
