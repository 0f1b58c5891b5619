import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { PoolOptions, PoolRunnerInitializer, PoolWorker } from "vitest/node";
import { nodeProgram } from "./programs.ts";

const STOP_WITHIN = 500;

/** Runs test files as Vitest's own `forks` do, by the Node of another line. */
export function nodePool(line: string): PoolRunnerInitializer {
  const name = `node${line}`;
  return { name, createPoolWorker: (options) => new NodeWorker(name, nodeProgram(line), options) };
}

class NodeWorker implements PoolWorker {
  readonly name: string;
  readonly cacheFs = true;
  readonly #program: string;
  readonly #options: PoolOptions;
  #child: ChildProcess | undefined;

  constructor(name: string, program: string, options: PoolOptions) {
    this.name = name;
    this.#program = program;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { distPath, env, execArgv } = this.#options;
    this.#child = fork(join(distPath, "workers/forks.js"), [], {
      execPath: this.#program,
      execArgv,
      env: env as NodeJS.ProcessEnv,
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  async stop(): Promise<void> {
    const child = this.#started();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    const killing = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN);
    child.kill();
    await ended;
    clearTimeout(killing);
  }

  on(event: string, callback: (argument: unknown) => void): void {
    this.#started().on(event, callback);
  }

  off(event: string, callback: (argument: unknown) => void): void {
    this.#started().off(event, callback);
  }

  send(message: Parameters<PoolWorker["send"]>[0]): void {
    this.#started().send(message);
  }

  deserialize(data: unknown): unknown {
    return data;
  }

  #started(): ChildProcess {
    if (this.#child === undefined) throw new Error("The worker has not been started");
    return this.#child;
  }
}
