import { setTimeout as sleep } from "node:timers/promises";
import {
  Aborted,
  EngineUnavailable,
  HostBusy,
  messageOf,
  SessionEnded,
  ShuttingDown,
} from "../../base/errors.ts";
import type { SessionEnd } from "../../base/session-end.ts";
import { inSpan } from "../../base/tracing.ts";
import type { Freshness } from "../../base/usage.ts";
import { DEFAULT_QUEUE_TIMEOUT } from "../../config/queue-timeout.ts";
import type { Confinement } from "../../permissions/confinement.ts";
import type { JobAnswer } from "../../protocol/messages.ts";
import { SOLE_TENANT } from "../../request/tenant.ts";
import type { SandboxLevel, Usage } from "../../request/types.ts";
import type {
  Engine,
  EngineSession,
  EngineStatus,
  ExecuteOptions,
  IdleUsage,
  Job,
  Launcher,
  Outcome,
  Profile,
  Reuse,
  Sandbox,
  SandboxJob,
  Spawn,
  SpawnOptions,
} from "../contract/contract.ts";
import { HttpDelivery } from "../contract/http-delivery.ts";
import { failure, NOT_MEASURED, readOutcome, toOutcome } from "../explain/outcome.ts";
import { Pool } from "../pool/pool.ts";
import type { PoolOptions } from "../pool/pool-options.ts";
import type { Claim } from "../pool/waiters.ts";
import { assertSize } from "./job-size.ts";
import { endOf, LeasedSession } from "./leased-session.ts";
import { assertReusable } from "./reuse.ts";
import { RunRecorder } from "./run-recorder.ts";
import { SpawnedSandboxes } from "./spawned.ts";

/** Milliseconds for the proxy's report of a run that is aborted or times out. */
const CUT_WITHIN = 250;
/** Milliseconds of processor time that ending and removing what code has left may take. Nobody pays them. */
const RENEWAL_COST = 50;
/** Milliseconds before its deadline at which a lingering run is asked for its ending, at most. */
const FINISH_AHEAD = 250;
/** Ending of a function that returned nothing. */
const NOTHING: JobAnswer = { type: "result", text: undefined, dropped: 0 };

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
  readonly #queueTimeout: number;
  readonly #running = new Set<AbortController>();
  readonly #spawned = new SpawnedSandboxes();
  /** Sandboxes that have run a job and may run another one. */
  readonly #used = new WeakSet<Sandbox>();

  constructor(launcher: Launcher, options: PoolOptions, halted?: EngineUnavailable) {
    this.level = launcher.level;
    this.#launcher = launcher;
    this.#queueTimeout = options.queueTimeout ?? DEFAULT_QUEUE_TIMEOUT;
    this.pool = new Pool(launcher, options, halted);
  }

  async execute(job: Job, options: ExecuteOptions): Promise<Outcome> {
    const { signal, reuse, session } = options;
    if (signal?.aborted) throw new Aborted();
    assertSize(job);
    if (isCodeKept(reuse) || session) assertReusable(job.tools);
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(new Aborted());
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#running.add(stop);
    try {
      const clock: Clock = { begun: performance.now(), queued: 0, stop };
      if (session !== undefined) return await this.#runIn(session, job, options, clock);
      const outcome = await this.#lend(job, options, clock, reuse);
      // A sandbox that declines has not called the code, and a new one has no reason to decline.
      return outcome ?? (await this.#lend(job, options, clock)) ?? declinedTwice();
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#running.delete(stop);
    }
  }

  /** Runs the job in a session. Whatever may leave its sandbox unusable ends the session. */
  async #runIn(
    session: EngineSession,
    job: Job,
    options: ExecuteOptions,
    clock: Clock,
  ): Promise<Outcome> {
    if (!(session instanceof LeasedSession)) throw new Error("The session is another engine's");
    const sent = session.begin(() => clock.stop.abort(new Aborted()));
    let reason: SessionEnd | undefined = "host";
    try {
      const { outcome, reusable } = await this.#runOn(session.sandbox, job, options, clock, sent);
      reason = reusable ? undefined : endOf(outcome);
      if (outcome !== undefined) return outcome;
      throw new SessionEnded(endOf(outcome));
    } catch (error) {
      if (error instanceof Aborted) reason = "aborted";
      if (error instanceof ShuttingDown) reason = "shutdown";
      throw error;
    } finally {
      session.finish(reason);
    }
  }

  /** Runs the job in a sandbox of the pool; `undefined` if the sandbox declines it. */
  async #lend(
    job: Job,
    options: ExecuteOptions,
    clock: Clock,
    from?: Reuse,
  ): Promise<Outcome | undefined> {
    const { tenant, reuse } = options;
    const attributes = { "isolate.level": this.level };
    const goesRound = from?.scope === "tenant";
    const claim = { tenant, key: from?.key, goesRound, worker: job.grants?.worker };
    const sandbox = await inSpan("acquire", attributes, () => this.#lease(options, clock, claim));
    let reusable = false;
    try {
      const kept = isCodeKept(reuse) ? { reuse: true } : reuse && { renew: true };
      const ran = await this.#runOn(sandbox, job, options, clock, kept);
      reusable = ran.reusable;
      return ran.outcome;
    } finally {
      if (isCodeKept(reuse) && reusable) this.pool.keep(sandbox, reuse.key);
      // The caller gets its answer first; ending the sandbox and starting the next one follow.
      else if (reusable && reuse) setImmediate(() => void this.#renew(sandbox, reuse.key, tenant));
      else setImmediate(() => void this.pool.discard(sandbox));
    }
  }

  /** Runs the job in a leased sandbox, with what tells the sandbox of later jobs. */
  async #runOn(
    sandbox: Sandbox,
    job: Job,
    options: ExecuteOptions,
    clock: Clock,
    kept: Partial<SandboxJob> = {},
  ): Promise<RunResult> {
    const { tenant, timeout, responseReceiver, reuse, session } = options;
    const attributes = { "isolate.level": this.level };
    const fresh = this.#freshness(sandbox, reuse, session);
    // The code's own time begins here, however long it has waited for the sandbox.
    const delivery =
      job.httpRequest &&
      responseReceiver &&
      new HttpDelivery(
        job.httpRequest,
        responseReceiver,
        (bytes) => sandbox.sendCredit(bytes),
        sandbox.sendSocket && ((event) => sandbox.sendSocket?.(event)),
      );
    const { queued } = clock;
    const lent = { queued, fresh };
    const wanted = job.files?.wanted;
    const recorder = new RunRecorder(sandbox, this.level, options, lent, delivery, wanted);
    // Asked before the deadline, which holds for code that blocks and cannot answer, too. The deadline is counted from
    // there, so that a busy control plane does not do both at once.
    const ahead = Math.min(FINISH_AHEAD, timeout / 4);
    let timer = setTimeout(() => {
      recorder.endLingering();
      timer = setTimeout(() => clock.stop.abort(new TimedOut()), ahead);
    }, timeout - ahead);
    try {
      const sent: SandboxJob = { ...job, tenant, ...kept };
      const { outcome, reusable } = await inSpan("run", attributes, () =>
        this.#run(sandbox, sent, recorder, clock, options),
      );
      return { outcome: outcome && recorder.tellAll(outcome), reusable };
    } finally {
      clearTimeout(timer);
      delivery?.end();
      recorder.close();
    }
  }

  /** Tells what of the sandbox is new to the job. */
  #freshness(sandbox: Sandbox, reuse: Reuse | undefined, session?: EngineSession): Freshness {
    const isNew = !this.#used.has(sandbox);
    if (reuse !== undefined || session) this.#used.add(sandbox);
    if (isNew) return "container";
    return isCodeKept(reuse) || session ? "none" : "worker";
  }

  /** Gives a sandbox back for other code of its tenant, or ends it if something may be left. */
  async #renew(sandbox: Sandbox, key: string, tenant = SOLE_TENANT.id): Promise<void> {
    const isClean = await sandbox.renew?.().catch(() => false);
    if (isClean === true) {
      this.#chargeRest(sandbox, tenant);
      this.pool.keep(sandbox, key, true);
    } else await this.pool.discard(sandbox);
  }

  /** Charges a tenant for what its code went on using after its answer, until it was ended. */
  #chargeRest({ meter }: Sandbox, tenant: string): void {
    meter?.read();
    const cpu = meter?.rest() ?? 0;
    if (cpu <= RENEWAL_COST) return;
    for (const listener of this.pool.onIdleUsage) listener({ tenant, cpu });
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

  async spawn({ tenant, ...options }: SpawnOptions): Promise<Spawn> {
    const clock = { begun: performance.now(), queued: 0, stop: new AbortController() };
    const sandbox = await this.#lease(options, clock, { tenant });
    return this.#spawned.add(sandbox, this.level, () => this.pool.discard(sandbox));
  }

  async openSession(asked: Parameters<Engine["openSession"]>[0]): Promise<EngineSession> {
    const { tenant, worker, ...options } = asked;
    const clock = { begun: performance.now(), queued: 0, stop: new AbortController() };
    const sandbox = await this.#lease(options, clock, { tenant });
    // Outside of any job's time. The first job waits for a worker that is late, and learns of a failure.
    if (worker !== undefined) await sandbox.prepare?.(worker).catch(() => {});
    return new LeasedSession(sandbox, this.level, () => this.pool.discard(sandbox));
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

  endIdle(tenant: string): void {
    for (const sandbox of this.pool.keptOf(tenant)) void this.pool.kill(sandbox);
  }

  async close(): Promise<void> {
    for (const stop of this.#running) stop.abort(new ShuttingDown());
    await this.pool.close();
    await this.#launcher.close?.();
    for (const listener of this.onClosed) await listener();
  }

  /** Waits for a sandbox, and counts the wait. */
  async #lease(
    { profile, queueTimeout = this.#queueTimeout, process }: Omit<ExecuteOptions, "timeout">,
    clock: Clock,
    claim: Claim,
  ): Promise<Sandbox> {
    if (process !== undefined) return this.#spawned.take(process, { profile });
    const asked = performance.now();
    // Counted from the engine's going away, so that a long absence is told at once.
    const patience = queueTimeout - Math.max(clock.queued, this.pool.haltedFor);
    if (this.pool.halted && patience <= 0) throw this.pool.halted;
    const timer = setTimeout(() => clock.stop.abort(new WaitedTooLong()), patience);
    try {
      return await this.pool.acquire(profile, clock.stop.signal, claim);
    } catch (error) {
      if (error instanceof Aborted) error.usage = notRun(performance.now() - clock.begun);
      if (!(error instanceof WaitedTooLong)) throw error;
      if (this.pool.halted) throw this.pool.halted;
      throw new HostBusy(`No sandbox became free within the queueTimeout of ${queueTimeout} ms`);
    } finally {
      clearTimeout(timer);
      clock.queued += performance.now() - asked;
    }
  }

  async #run(
    sandbox: Sandbox,
    job: SandboxJob,
    recorder: RunRecorder,
    { begun, stop: { signal } }: Clock,
    { timeout, readResult, grantable, hasDatabase }: ExecuteOptions,
  ): Promise<RunResult> {
    const { level } = this;
    const known = { code: job.code, grantable, hasDatabase };
    const interrupted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
    });
    try {
      const running = sandbox.run(job, recorder.events, timeout);
      const ending = await Promise.race([running, interrupted]);
      // Only a sandbox that has run before has a reason to decline, and only code with `reuse` may
      // run elsewhere.
      if (ending.type === "declined" && job.reuse) return { outcome: undefined, reusable: false };
      const soFar = recorder.collected(ending);
      if (ending.type === "result" || ending.type === "error") {
        const outcome = await readOutcome(ending, soFar, level, job.result, readResult, known);
        // An unreadable result does not come from our runner.
        const isClean = ending.type === "error" || outcome.status === "ok";
        return { outcome, reusable: isClean && (ending.reusable === true || job.renew === true) };
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
      if (recorder.isWaiting()) {
        return { outcome: toOutcome(NOTHING, soFar, level), reusable: false };
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

/** Tells whether a sandbox is kept with the code that it has loaded. */
function isCodeKept(reuse: Reuse | undefined): reuse is Reuse {
  return reuse !== undefined && reuse.scope !== "tenant";
}

/** Times of an execution in milliseconds, and what ends it early. */
interface Clock {
  /** Time of its beginning on `performance.now()`'s clock. */
  readonly begun: number;
  /** Time it has waited for sandboxes. */
  queued: number;
  readonly stop: AbortController;
}

interface RunResult {
  /** Absent if the sandbox has declined the job. */
  readonly outcome: Outcome | undefined;
  readonly reusable: boolean;
}

/** Returns the usage of an execution that has only waited. */
function notRun(waited: number): Usage {
  const wall = Math.round(waited);
  return { ...NOT_MEASURED, wall, queued: wall, cpu: 0 };
}

function declinedTwice(): never {
  throw new EngineUnavailable("Two sandboxes have declined the job", { retryAfter: 2 });
}

/** Reason of a wait for a sandbox that is given up. */
class WaitedTooLong extends Error {}

/** Reason of a run that is stopped because its time is up. */
class TimedOut extends Error {}
