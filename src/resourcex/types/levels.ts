import { config } from "../../config/config.ts";
import type { Engine } from "../../engines/contract/contract.ts";
import { createEngines } from "../../engines/create.ts";
import { Instance } from "../../engines/instance/instance.ts";
import { defaultRunDirectory } from "../../engines/instance/run-directory.ts";
import type { SandboxType } from "./type.ts";

/** Engine that runs the jobs of types. */
export type TypeEngine = Pick<Engine, "execute">;

/** Provides the engine of each level. */
export interface Levels {
  engine(level: SandboxType): Promise<TypeEngine>;
  /** Closes the engines it has opened. */
  close(): Promise<void>;
}

export interface LevelOptions {
  /** Number of sandboxes per opened level that wait ready for a type. Default 0. */
  readonly warm?: number;
  /** Directory of the control sockets. Default: that of `createIsolate()`. */
  readonly runDirectory?: string | undefined;
  /** Receives each line that is of interest to an operator. Default: no listener. */
  readonly log?: ((line: string) => void) | undefined;
}

/** Opens engines for one registry, each when the first type of its level runs. */
export class EngineLevels implements Levels {
  readonly #options: LevelOptions;
  readonly #opened = new Map<SandboxType, Promise<readonly Engine[]>>();
  #instance: Promise<Instance> | undefined;

  constructor(options: LevelOptions = {}) {
    this.#options = options;
  }

  async engine(level: SandboxType): Promise<Engine> {
    let opened = this.#opened.get(level);
    if (opened === undefined) {
      opened = this.#open(level);
      this.#opened.set(level, opened);
      // A failed opening may succeed the next time.
      opened.catch(() => this.#opened.delete(level));
    }
    const engine = (await opened).find((candidate) => candidate.level === level);
    if (engine === undefined) throw new Error(`There is no engine for level ${level}`);
    return engine;
  }

  async #open(level: SandboxType): Promise<readonly Engine[]> {
    const { warm = 0, runDirectory, log = () => {} } = this.#options;
    this.#instance ??= openInstance(runDirectory).catch((error: unknown) => {
      this.#instance = undefined;
      throw error;
    });
    const { engines, prepared } = await createEngines({
      config: config({ sandbox: level, cluster: { min: warm } }),
      instance: await this.#instance,
      inProcess: level === "none",
      containers: level === "container" ? { host: process.env.DOCKER_HOST } : null,
      log,
    });
    await prepared();
    for (const engine of engines) {
      if (warm > 0 && engine.level === level) engine.prewarm();
    }
    return engines;
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    const engines = opened.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    await Promise.all(engines.map((engine) => engine.close()));
    const instance = await this.#instance?.catch(() => undefined);
    this.#instance = undefined;
    await instance?.close();
  }
}

async function openInstance(directory = defaultRunDirectory(process.env)): Promise<Instance> {
  const instance = await Instance.create(directory);
  await instance.removeDead();
  return instance;
}
