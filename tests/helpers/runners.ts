import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildRunner } from "../../scripts/build/programs.ts";
import { heapMegabytes } from "../../src/deno/deno.ts";
import {
  type RunnerBundle,
  type RunnerMode,
  readRunner,
  writeRunner,
} from "../../src/deno/runner.ts";
import { CodeCaches, type CompiledCode } from "../../src/engines/code-cache/code-caches.ts";
import type { Removal } from "../../src/protocol/host-settings.ts";
import { PROFILE } from "../contract/engine-contract.ts";

/** A build of the runner, which several engines of a test start. */
export interface Runner {
  readonly bundle: RunnerBundle;
  /** Directory with its files. */
  readonly directory: string;
  /** Its compiled code. An engine that closes leaves it to the others. */
  readonly codeCaches: CompiledCode;
}

/** Builds of the runner for one test file. Each is built, and its code compiled, once for all engines. */
export class Runners {
  readonly #all = new Map<string, Promise<Runner>>();
  readonly #caches: CodeCaches[] = [];
  readonly #directories: string[] = [];

  get(mode: RunnerMode = "none", leftOut: readonly Removal[] = []): Promise<Runner> {
    const name = [mode, ...leftOut].join();
    const runner = this.#all.get(name) ?? this.#make(mode, leftOut);
    this.#all.set(name, runner);
    return runner;
  }

  async close(): Promise<void> {
    for (const caches of this.#caches) await caches.close();
    for (const directory of this.#directories) await rm(directory, { recursive: true });
  }

  async #make(mode: RunnerMode, leftOut: readonly Removal[]): Promise<Runner> {
    const parent = await mkdtemp(join(tmpdir(), "isolate-runner-"));
    this.#directories.push(parent);
    // For sandboxes of other users, which have compiled code.
    await chmod(parent, 0o711);
    const bundle =
      leftOut.length === 0 ? await readRunner(mode) : (await buildRunner(mode, leftOut)).files;
    const directory = join(parent, "runner");
    await writeRunner(bundle, directory);
    let failed = false;
    const onError = (error: unknown): void => {
      failed = true;
      console.error(error);
    };
    const caches = new CodeCaches({
      instanceDirectory: parent,
      runnerDirectory: directory,
      onError,
    });
    this.#caches.push(caches);
    // Before any sandbox starts: one without it gives way to one with it, after any of its executions.
    const heap = heapMegabytes(PROFILE.memory);
    const isMade = (): boolean => caches.directoryFor(heap) !== undefined;
    while (leftOut.length === 0 && !isMade() && !failed) await sleep(20);
    const codeCaches = {
      directoryFor: (heap: number) => caches.directoryFor(heap),
      close: async () => {},
    };
    return { bundle, directory, codeCaches };
  }
}
