import { Aborted, EngineUnavailable, HostBusy, messageOf, ShuttingDown } from "../errors.ts";
import type { Denial, LogEntry, SandboxLevel } from "../types.ts";
import type {
  ChannelLine,
  Engine,
  EngineStatus,
  ExecuteOptions,
  Job,
  Launcher,
  Outcome,
  RunEvents,
  Sandbox,
  Spawn,
} from "./engine.ts";
import { assertSize } from "./job-size.ts";
import { failure, toOutcome } from "./outcome.ts";
import { Pool, type PoolOptions } from "./pool.ts";

/** Runs each job in a sandbox of its own, taken from a pool and destroyed afterwards. */
export class PooledEngine implements Engine {
  readonly level: SandboxLevel;
  readonly pool: Pool;
  readonly #launcher: Launcher;
  readonly #running = new Set<AbortController>();

  constructor(launcher: Launcher, options: PoolOptions, halted?: EngineUnavailable) {
    this.level = launcher.level;
    this.#launcher = launcher;
    this.pool = new Pool(launcher, options, halted);
  }

  async execute(job: Job, options: ExecuteOptions): Promise<Outcome> {
    const { timeout, signal } = options;
    if (signal?.aborted) throw new Aborted();
    assertSize(job);
    const deadline = performance.now() + timeout;
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(new Aborted());
    const timer = setTimeout(() => stop.abort(new Late()), timeout);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#running.add(stop);
    try {
      const sandbox = await this.#lease(options, stop.signal);
      try {
        return await this.#run(sandbox, job, deadline, stop.signal, options.channel);
      } finally {
        // The caller gets its answer first; ending the sandbox and starting the next one follow.
        setImmediate(() => void this.pool.discard(sandbox));
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#running.delete(stop);
    }
  }

  status(): EngineStatus {
    const { warm, starting, leased, halted } = this.pool;
    const counts = { warm, starting, leased };
    return halted
      ? { ready: false, reason: halted.message, ...counts }
      : { ready: true, ...counts };
  }

  prewarm(): void {
    this.pool.prewarm();
  }

  onSpawn(listener: (spawn: Spawn) => void): void {
    this.pool.onSpawn.add(({ id, profile }) => listener({ id, level: this.level, profile }));
  }

  async close(): Promise<void> {
    for (const stop of this.#running) stop.abort(new ShuttingDown());
    await this.pool.close();
    await this.#launcher.close?.();
  }

  async #lease({ profile, timeout }: ExecuteOptions, signal: AbortSignal): Promise<Sandbox> {
    try {
      return await this.pool.acquire(profile, signal);
    } catch (error) {
      if (!(error instanceof Late)) throw error;
      throw new HostBusy(`No sandbox became free within the timeout of ${timeout} ms`);
    }
  }

  async #run(
    sandbox: Sandbox,
    job: Job,
    deadline: number,
    signal: AbortSignal,
    channel: ChannelLine | undefined,
  ): Promise<Outcome> {
    const logs: LogEntry[] = [];
    let logsDropped = 0;
    let denied: readonly Denial[] = [];
    const started = performance.now();
    const interrupted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
    });
    channel?.connect((topic, text) => sandbox.sendChannel(topic, text));
    const events: RunEvents = {
      onLog(entry) {
        if ("dropped" in entry) logsDropped = entry.dropped;
        else logs.push(entry);
      },
      onDenied: (all) => {
        denied = all;
      },
      onChannel: channel && ((request) => channel.receive(request)),
    };
    const collected = () => ({
      // Copied: a sandbox that is being killed goes on logging.
      logs: [...logs],
      logsDropped,
      denied,
      duration: Math.round(performance.now() - started),
    });
    try {
      const ending = await Promise.race([
        sandbox.run(job, events, deadline - started),
        interrupted,
      ]);
      if (ending.type !== "closed") {
        return toOutcome(ending, collected(), this.level, job.result);
      }
      const soFar = collected();
      const fault = await Promise.race([this.#diagnose(sandbox), interrupted]);
      return failure("crash", fault, soFar, this.level);
    } catch (error) {
      if (!(error instanceof Late)) throw error;
      return failure(
        "timeout",
        { name: "TimeoutError", message: "Execution timeout" },
        collected(),
        this.level,
      );
    }
  }

  /** A sandbox that went down together with its engine is our failure, not the code's. */
  async #diagnose(sandbox: Sandbox) {
    try {
      const fault = await sandbox.diagnose();
      if (this.pool.halted === undefined) return fault;
    } catch (cause) {
      const message = `The engine was lost during the execution: ${messageOf(cause)}`;
      throw new EngineUnavailable(message, { cause, retryAfter: 2 });
    }
    throw this.pool.halted;
  }
}

/** The reason a run is stopped for when its time is up. */
class Late extends Error {}
