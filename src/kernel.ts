import type { Config } from "./config.ts";
import type { Engine, Outcome } from "./engines/engine.ts";
import { EngineUnavailable, ShuttingDown } from "./errors.ts";
import { createGuard } from "./plugins/guard.ts";
import type { ExecuteRequest, Output, SandboxLevel } from "./types.ts";

export interface KernelOptions {
  readonly config: Config;
  /** One for each level that can run here. */
  readonly engines: readonly Engine[];
}

/** The one path every request takes, whoever brought it in. */
export class Kernel {
  readonly #guard: ReturnType<typeof createGuard>;
  readonly #engines: ReadonlyMap<SandboxLevel, Engine>;
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  constructor({ config, engines }: KernelOptions) {
    this.#guard = createGuard(config);
    this.#engines = new Map(engines.map((engine) => [engine.level, engine]));
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** The engine of a level, if this host has one. */
  engine(level: SandboxLevel): Engine | undefined {
    return this.#engines.get(level);
  }

  /**
   * Runs code once. What the code does wrong is in the output; what the caller or this host does
   * wrong rejects with an `IsolateError`. An abort of `signal` destroys the sandbox.
   */
  async execute(request: ExecuteRequest, signal?: AbortSignal): Promise<Output> {
    if (this.#closing) throw new ShuttingDown();
    const { level, job, options } = this.#guard(request);
    const engine = this.#engines.get(level);
    if (engine === undefined) throw new EngineUnavailable(UNAVAILABLE[level]);
    const execution = engine.execute(job, { ...options, signal });
    this.#running.add(execution);
    try {
      return toOutput(await execution);
    } finally {
      this.#running.delete(execution);
    }
  }

  /** Refuses new work, waits up to `grace` ms for what runs, then ends every sandbox. */
  async close(grace = 0): Promise<void> {
    this.#closing = true;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    await Promise.race([Promise.allSettled(this.#running), patience]);
    clearTimeout(timer);
    await Promise.all([...this.#engines.values()].map((engine) => engine.close()));
  }
}

const UNAVAILABLE: Record<SandboxLevel, string> = {
  container:
    'This host runs no containers (ISOLATE_ENGINE=none). Ask for {"sandbox":"isolated"} if one layer of isolation is enough',
  isolated: "This host runs containers only",
};

function toOutput(outcome: Outcome): Output {
  const { status, result, logs, logsDropped, duration } = outcome;
  return {
    ok: status === "ok",
    ...(result !== undefined && { result }),
    ...(logs.length > 0 && { logs }),
    ...(logsDropped > 0 && { logsDropped }),
    duration,
  };
}
