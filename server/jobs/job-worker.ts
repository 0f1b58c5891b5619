import { setImmediate as nextTurn } from "node:timers/promises";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { Aborted, IsolateError } from "../../src/base/errors.ts";
import { Poller } from "../../src/base/poller.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { HttpProblem, problemResponse, statusOf } from "../errors/problem.ts";
import { QuotaExceeded } from "../errors/quota-error.ts";
import { answerOf, answerText } from "../runs/answer.ts";
import type { Runs } from "../runs/runs.ts";
import type { ClaimedJob, FinalJobAnswer, JobRow, Jobs } from "../store/contract/jobs.ts";
import { StorageFull, StorageReserved, StoreUnavailable } from "../store/contract/store-errors.ts";
import { written } from "../store/contract/written.ts";
import type { Caller } from "../tenants/auth.ts";

export interface JobWorkerOptions {
  readonly store: Jobs;
  /** Id of this host, which is new at each start. */
  readonly owner: string;
  readonly runs: Runs;
  /** Returns `undefined` for a deleted tenant. */
  readonly callerOf: (tenant: string) => Promise<Caller | undefined>;
  /** Reads the bundle of a function's version. Rejects if it is gone. */
  readonly bundleOf: (caller: Caller, name: string, version: number) => Promise<string>;
  /** Most jobs run at once. */
  readonly slots: number;
  /** Milliseconds without a sign of life after which a host's jobs go to others. */
  readonly lease: number;
  /** Called at the end of each job. */
  readonly onDone: () => void;
  readonly onError: (error: unknown, requestId: string) => void;
}

/** Most starts of a job whose host fails during it. */
const MAX_ATTEMPTS = 3;
/** Most milliseconds for which a job is put off by passing causes: quotas or a busy host. */
const MAX_PATIENCE = 24 * 3_600_000;
const POLL_MS = 2_000;
/** Milliseconds until a tenant at its limit is tried again. */
const FULL_MS = 1_000;
/** Milliseconds for which a statement without a known result may still take effect. */
const UNCERTAIN = 30_000;
/** Milliseconds for the last writes at shutdown, if the store is away. */
const LAST_WRITES = 5_000;

/**
 * Runs the jobs in the queue. A host keeps a job while it renews its claim. If a host fails,
 * another one runs its job again: a job runs at least once and is answered once.
 */
export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #owner: string;
  /**
   * Jobs by id, until their results are written. They number at most `slots`, including their
   * answers.
   */
  readonly #running = new Map<string, { abort: AbortController; over: Promise<void> }>();
  /** Tenant id → jobs that may be claimed of a tenant at its limit, valid until `until`. */
  readonly #room = new Map<string, { jobs: number; until: number }>();
  readonly #poller: Poller;
  #timer: NodeJS.Timeout | undefined;
  /** Time until which the store may claim jobs for this host without telling it. */
  #uncertainUntil = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;
  /** Aborted when nothing is written any more. */
  readonly #last = new AbortController();

  constructor(options: JobWorkerOptions) {
    this.#options = options;
    this.#owner = options.owner;
    const onError = (error: unknown): void => {
      // The store may have claimed jobs all the same, or may do so yet.
      this.#uncertainUntil = performance.now() + UNCERTAIN;
      options.onError(error, "");
    };
    this.#poller = new Poller({ look: () => this.#look(), every: POLL_MS, onError });
  }

  start(): void {
    this.#timer = setInterval(() => void this.#renew(), this.#options.lease / 3).unref();
    this.#poller.start();
  }

  /** Looks for jobs now. */
  wake(): void {
    this.#poller.wake();
  }

  /** Ends a job that runs here and discards its answer. */
  abort(id: string): void {
    this.#running.get(id)?.abort.abort();
  }

  /** Claims no more jobs. */
  stop(): void {
    this.#poller.stop();
  }

  /** Stops. Resolves once no job runs here. Interrupted jobs wait for another host. */
  async close(): Promise<void> {
    await this.#poller.close();
    clearInterval(this.#timer);
    const over = Promise.all([...this.#running.values()].map((job) => job.over));
    const give = setTimeout(() => this.#last.abort(), LAST_WRITES);
    await over;
    clearTimeout(give);
  }

  async #look(): Promise<void> {
    const { store, slots, lease } = this.#options;
    if (performance.now() < this.#uncertainUntil) await this.#giveBack();
    const free = slots - this.#running.size;
    if (free <= 0) return;
    for (const job of await store.claim(this.#owner, lease, free, this.#most())) {
      this.#begin(job);
      // Requests may be large, so other work gets a turn in between.
      await nextTurn();
    }
  }

  /**
   * Gives up claims that the store made without telling this host. Their jobs then need not wait
   * for the lease's end.
   */
  async #giveBack(): Promise<void> {
    await this.#options.store.giveBack(this.#owner, [...this.#running.keys()]);
  }

  /** Returns the most jobs to claim of each tenant at its limit: one for each that has ended. */
  #most(): Record<string, number> {
    const most: Record<string, number> = {};
    for (const [tenant, { jobs, until }] of this.#room) {
      if (until < Date.now()) this.#room.delete(tenant);
      else most[tenant] = Math.max(0, jobs);
    }
    return most;
  }

  #atLimit(tenant: string): void {
    const { jobs = 0 } = this.#room.get(tenant) ?? {};
    this.#room.set(tenant, { jobs, until: Date.now() + FULL_MS });
  }

  /** Changes a tenant's number of free places, if it is at its limit. */
  #count(tenant: string, change: 1 | -1): void {
    const room = this.#room.get(tenant);
    if (room !== undefined) room.jobs += change;
  }

  #begin(job: ClaimedJob): void {
    // It outlived its claim here, or its result is still to be written.
    if (this.#running.has(job.id)) return;
    this.#count(job.tenant, -1);
    const abort = new AbortController();
    // Detached from the trace of the request that has woken this worker.
    const over = context
      .with(ROOT_CONTEXT, () => this.#run(job, abort.signal))
      .catch((error: unknown) => this.#options.onError(error, job.requestId))
      .finally(() => {
        this.#running.delete(job.id);
        this.wake();
      });
    this.#running.set(job.id, { abort, over });
  }

  async #run(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const { store, runs, onDone } = this.#options;
    const answer = await this.#answer(job, signal);
    if (answer === undefined) return;
    // After the answer no host runs it again, so its record must be written first.
    await runs.flush();
    const finish = (answer: FinalJobAnswer) =>
      this.#write(job, () => store.finish(this.#owner, job.id, answer));
    const isOurs = await finish(answer).catch(async (error: unknown) => {
      if (error instanceof StoreUnavailable || error instanceof StorageReserved) throw error;
      // The answer would not fit the next time either. The job ends with that error, which has
      // room.
      if (!(error instanceof StorageFull)) this.#options.onError(error, job.requestId);
      return finish(await problemAnswer(error, job.requestId));
    });
    if (isOurs) onDone();
  }

  /** Writes for as long as the store is away, so that no job runs twice because of it. */
  #write<T>({ requestId }: JobRow, write: () => Promise<T>): Promise<T> {
    const onError = (error: unknown): void => this.#options.onError(error, requestId);
    return written(write, onError, this.#last.signal);
  }

  /** Runs a job. Returns `undefined` if there is no answer: it was cancelled, or waits again. */
  async #answer(job: ClaimedJob, signal: AbortSignal): Promise<FinalJobAnswer | undefined> {
    const { runs, callerOf, bundleOf, onError, store } = this.#options;
    const { id, requestId, attempts } = job;
    const comesAgain = (error: unknown): boolean => !signal.aborted && passes(error, job);
    if (attempts > MAX_ATTEMPTS) return givenUp(requestId);
    try {
      const caller = await callerOf(job.tenant);
      if (caller === undefined) return undefined;
      const run = { id, caller, requestId, signal, comesAgain, wait: false, via: "async" as const };
      const request = JSON.parse(job.request) as ExecuteRequest;
      const deployed = functionOf(job);
      const bundle =
        deployed !== undefined && request.code === undefined
          ? { isBundle: true, compile: () => bundleOf(caller, deployed.name, deployed.version) }
          : {};
      const asked = { ...run, ...bundle, request, function: deployed, asText: true };
      const answer = answerOf(await runs.run(asked));
      this.#count(job.tenant, 1);
      return { status: 200, body: answerText({ ...answer, attempts }) };
    } catch (error) {
      const isFull = error instanceof QuotaExceeded && error.code === "CONCURRENCY_LIMIT";
      if (isFull) this.#atLimit(job.tenant);
      else this.#count(job.tenant, 1);
      // Cancelled, or its tenant is deleted: no client waits for an answer.
      if (signal.aborted || error instanceof Aborted) return undefined;
      if (comesAgain(error)) {
        const pause = this.#poller.stopped || isFull ? 0 : pauseAfter(error);
        await this.#write(job, () => store.release(this.#owner, id, pause));
        return undefined;
      }
      if (statusOf(error) >= 500) onError(error, requestId);
      return problemAnswer(error, requestId);
    }
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** Renews the claims of running jobs only, so that unknown claims expire. */
  async #renewAll(): Promise<void> {
    const { store, lease, onError } = this.#options;
    const before = new Map(this.#running);
    if (before.size === 0) return;
    const renew = () => store.renew(this.#owner, lease, [...before.keys()]);
    try {
      const tell = (error: unknown): void => onError(error, "");
      const held = new Set(await written(renew, tell, this.#last.signal));
      // Cancelled through another host, or claimed by one.
      for (const [id, { abort }] of before) if (!held.has(id)) abort.abort();
    } catch (error) {
      onError(error, "");
    }
  }
}

function functionOf({ function: name, version }: JobRow) {
  return name === null || version === null ? undefined : { name, version };
}

/** Tests whether an error passes with time: a quota, a busy host or a shutdown. */
function passes(error: unknown, { age }: ClaimedJob): boolean {
  if (!(error instanceof IsolateError || error instanceof HttpProblem)) return false;
  const { status } = error;
  return (status === 429 || status === 503) && age < MAX_PATIENCE;
}

/** Returns the milliseconds until the next attempt. */
function pauseAfter(error: unknown): number {
  const { retryAfter = 1 } = error as { retryAfter?: number };
  return Math.min(60, Math.max(1, retryAfter)) * 1_000;
}

function givenUp(requestId: string): Promise<FinalJobAnswer> {
  const message = `Its host went down under this execution ${MAX_ATTEMPTS} times`;
  return problemAnswer(new HttpProblem(503, "JobFailed", "JOB_GIVEN_UP", message), requestId);
}

async function problemAnswer(error: unknown, requestId: string): Promise<FinalJobAnswer> {
  const response = problemResponse(error, requestId);
  return { status: response.status, body: await response.text() };
}
