import { setTimeout as sleep } from "node:timers/promises";
import {
  Aborted,
  EngineUnavailable,
  HostBusy,
  messageOf,
  ShuttingDown,
} from "../../base/errors.ts";
import { inSpan } from "../../base/tracing.ts";
import type { Confinement } from "../../permissions/confinement.ts";
import type { SandboxLevel } from "../../request/types.ts";
import type {
  Ending,
  Engine,
  EngineStatus,
  ExecuteOptions,
  IdleUsage,
  Job,
  Launcher,
  Outcome,
  Profile,
  ReadResult,
  Sandbox,
  SandboxJob,
  Spawn,
} from "../contract/contract.ts";
import { HttpDelivery } from "../contract/http-delivery.ts";
import { failure, readOutcome } from "../explain/outcome.ts";
import { Pool } from "../pool/pool.ts";
import type { PoolOptions } from "../pool/pool-options.ts";
import type { Claim } from "../pool/waiters.ts";
import { assertSize } from "./job-size.ts";
import { assertReusable } from "./reuse.ts";
import { RunRecorder } from "./run-recorder.ts";
import { SpawnedSandboxes } from "./spawned.ts";

/** Milliseconds for the proxy's report of a run that is aborted or times out. */
const CUT_WITHIN = 250;
/** Milliseconds for the ending of a lingering run whose time is up. Blocked code has none. */
const FINISH_WITHIN = 250;

/**
 * Runs each job in its own sandbox, taken from a pool and destroyed afterwards. For a job with
 * `reuse`, the sandbox is kept for the next job with its key.
 */
export class PooledEngine implements Engine {
  readonly level: SandboxLevel;
  readonly pool: Pool;
  /** Called one after the other by `close()`, when its sandboxes are gone. */
  readonly onClosed = new Set<() => Promise<void>>();
  readonly #launcher: Launcher;
  readonly #running = new Set<AbortController>();
  readonly #spawned = new SpawnedSandboxes();

  constructor(launcher: Launcher, options: PoolOptions, halted?: EngineUnavailable) {
    this.level = launcher.level;
    this.#launcher = launcher;
    this.pool = new Pool(launcher, options, halted);
  }

  async execute(job: Job, options: ExecuteOptions): Promise<Outcome> {
    const { timeout, signal, reuse } = options;
    if (signal?.aborted) throw new Aborted();
    assertSize(job);
    if (reuse !== undefined) assertReusable(job.tools);
    const begun = performance.now();
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(new Aborted());
    const timer = setTimeout(() => stop.abort(new TimedOut()), timeout);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#running.add(stop);
    try {
      const term = { begun, deadline: begun + timeout, signal: stop.signal };
      const outcome = await this.#lend(job, options, term, reuse?.key);
      // A sandbox that declines has not called the code, and a new one has no reason to decline.
      return outcome ?? (await this.#lend(job, options, term)) ?? declinedTwice();
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#running.delete(stop);
    }
  }

  /** Runs the job in a sandbox of the pool; `undefined` if the sandbox declines it. */
  async #lend(
    job: Job,
    options: ExecuteOptions,
    term: RunDeadline,
    key?: string,
  ): Promise<Outcome | undefined> {
    const { tenant, responseReceiver, reuse } = options;
    const attributes = { "isolate.level": this.level };
    const sandbox = await inSpan("acquire", attributes, () =>
      this.#lease(options, term.signal, { tenant, key, worker: job.grants?.worker }),
    );
    let reusable = false;
    const delivery =
      job.httpRequest &&
      responseReceiver &&
      new HttpDelivery(job.httpRequest, responseReceiver, (bytes) => sandbox.sendCredit(bytes));
    const recorder = new RunRecorder(sandbox, this.level, options, delivery);
    try {
      const sent: SandboxJob = { ...job, tenant, ...(reuse && { reuse: true }) };
      const { outcome, reusable: isClean } = await inSpan("run", attributes, () =>
        this.#run(sandbox, sent, recorder, term, options.readResult),
      );
      reusable = isClean;
      return outcome && recorder.tellAll(outcome);
    } finally {
      delivery?.end();
      recorder.close();
      if (reuse !== undefined && reusable) this.pool.keep(sandbox, reuse.key);
      // The caller gets its answer first; ending the sandbox and starting the next one follow.
      else setImmediate(() => void this.pool.discard(sandbox));
    }
  }

  status(): EngineStatus {
    const { warm, starting, leased, kept, waiting, halted } = this.pool;
    const { survivors } = this.#launcher;
    const counts = { warm, starting, leased, kept, waiting, survivors };
    return halted
      ? { ready: false, reason: halted.message, ...counts }
      : { ready: true, ...counts };
  }

  confinement(profile: Profile): Confinement | undefined {
    return this.#launcher.confinement?.(profile);
  }

  prewarm(): void {
    this.pool.prewarm();
  }

  async spawn(options: Pick<ExecuteOptions, "profile" | "timeout" | "tenant">): Promise<Spawn> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new TimedOut()), options.timeout);
    try {
      const sandbox = await this.#lease(options, stop.signal, { tenant: options.tenant });
      return this.#spawned.add(sandbox, this.level, () => this.pool.discard(sandbox));
    } finally {
      clearTimeout(timer);
    }
  }

  onSpawn(listener: (spawn: Spawn) => void): void {
    const { level } = this;
    this.pool.onSpawn.add((sandbox) => {
      const { id, profile } = sandbox;
      listener({ id, level, profile, kill: () => this.pool.kill(sandbox) });
    });
  }

  onIdleUsage(listener: (usage: IdleUsage) => void): void {
    this.pool.onIdleUsage.add((usage) => listener({ ...usage, level: this.level }));
  }

  async close(): Promise<void> {
    for (const stop of this.#running) stop.abort(new ShuttingDown());
    await this.pool.close();
    await this.#launcher.close?.();
    for (const listener of this.onClosed) await listener();
  }

  async #lease(
    { profile, timeout, process }: Pick<ExecuteOptions, "profile" | "timeout" | "process">,
    signal: AbortSignal,
    claim: Claim,
  ): Promise<Sandbox> {
    if (process !== undefined) return this.#spawned.take(process, { profile });
    try {
      return await this.pool.acquire(profile, signal, claim);
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      throw new HostBusy(`No sandbox became free within the timeout of ${timeout} ms`);
    }
  }

  async #run(
    sandbox: Sandbox,
    job: SandboxJob,
    recorder: RunRecorder,
    { begun, deadline, signal }: RunDeadline,
    readResult: ReadResult | undefined,
  ): Promise<RunResult> {
    const { level } = this;
    const interrupted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
    });
    try {
      const running = sandbox.run(job, recorder.events, deadline - performance.now());
      const ending = await Promise.race([
        running,
        interrupted.catch((reason) => {
          if (reason instanceof TimedOut && recorder.lingering) return finished(sandbox, running);
          throw reason;
        }),
      ]);
      // Only a sandbox that has run before has a reason to decline, and only code with `reuse` may
      // run elsewhere.
      if (ending.type === "declined" && job.reuse) return { outcome: undefined, reusable: false };
      const soFar = recorder.collected(ending);
      if (ending.type === "result" || ending.type === "error") {
        const outcome = await readOutcome(ending, soFar, level, job.result, readResult);
        // An unreadable result does not come from our runner.
        const isClean = ending.type === "error" || outcome.status === "ok";
        return { outcome, reusable: isClean && ending.reusable === true };
      }
      const fault = await Promise.race([this.#diagnose(sandbox), interrupted]);
      return { outcome: failure("crash", fault, soFar, level), reusable: false };
    } catch (error) {
      if (!(error instanceof TimedOut) && !(error instanceof Aborted)) throw error;
      // Bytes sent are known when its network access is closed.
      if (job.grants?.egress) await Promise.race([sandbox.cut?.(), sleep(CUT_WITHIN)]);
      const soFar = recorder.collected();
      if (error instanceof Aborted) {
        error.usage = { ...soFar.usage, wall: Math.round(performance.now() - begun) };
        throw error;
      }
      const fault = { name: "TimeoutError", message: "Execution timeout" };
      return { outcome: failure("timeout", fault, soFar, level), reusable: false };
    }
  }

  /**
   * Returns the fault of a crash. A sandbox that ended together with its engine is our failure, not
   * the code's.
   */
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

/**
 * Beginning and deadline of an execution on `performance.now()`'s clock, and the signal that ends
 * it earlier.
 */
interface RunDeadline {
  readonly begun: number;
  readonly deadline: number;
  readonly signal: AbortSignal;
}

interface RunResult {
  /** Absent if the sandbox has declined the job. */
  readonly outcome: Outcome | undefined;
  readonly reusable: boolean;
}

function declinedTwice(): never {
  throw new EngineUnavailable("Two sandboxes have declined the job", { retryAfter: 2 });
}

/**
 * Ends a run that lingers at its deadline. Rejects if its code blocks and so cannot be asked, since
 * that code has been stopped by the timeout.
 */
async function finished(sandbox: Sandbox, running: Promise<Ending>): Promise<Ending> {
  sandbox.finish();
  const late = sleep(FINISH_WITHIN, undefined, { ref: false });
  const ending = await Promise.race([running, late]);
  if (ending === undefined) throw new TimedOut();
  return ending;
}

/** Reason of a run that is stopped because its time is up. */
class TimedOut extends Error {}
