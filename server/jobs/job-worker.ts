import { randomUUID } from "node:crypto";
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
  readonly runs: Runs;
  /** `undefined` for a tenant that is gone. */
  readonly callerOf: (tenant: string) => Promise<Caller | undefined>;
  /** Jobs run at once. */
  readonly slots: number;
  /** Milliseconds after which a host that says nothing has lost its jobs to others. */
  readonly lease: number;
  /** Told of each job that is over. */
  readonly onDone: () => void;
  readonly onError: (error: unknown, requestId: string) => void;
}

/** How often a job is started whose host goes down under it. */
const MAX_ATTEMPTS = 3;
/** Milliseconds a job is put off for what will pass: quotas, a busy host. */
const MAX_PATIENCE = 24 * 3_600_000;
const POLL_MS = 2_000;
/** Milliseconds until it is tried anew whether a tenant at its limit has room. */
const FULL_MS = 1_000;
/** Milliseconds for which a statement may still be on its way whose outcome has not been heard. */
const UNCERTAIN = 30_000;
/** Milliseconds that a server which leaves gives a store that is away, for what is still to be written. */
const LAST_WRITES = 5_000;

/**
 * Runs what the queue holds. A job belongs to a host for as long as that renews its claim; one whose
 * host fell silent is run again elsewhere, so that it runs at least once and is answered once.
 */
export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #owner = randomUUID();
  /** By their ids, until what came of them is written: no more than there are slots, their answers included. */
  readonly #running = new Map<string, { abort: AbortController; over: Promise<void> }>();
  /** How many jobs of a tenant that was at its limit have ended since, by its id; counts until then. */
  readonly #room = new Map<string, { jobs: number; until: number }>();
  readonly #poller: Poller;
  #timer: NodeJS.Timeout | undefined;
  /** Until when the store may come to claim more for this host than it has said. */
  #uncertainUntil = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;
  /** Aborted when nothing is written down any more. */
  readonly #last = new AbortController();

  constructor(options: JobWorkerOptions) {
    this.#options = options;
    const onError = (error: unknown): void => {
      // It may have claimed some all the same, or be about to.
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

  /** Ends a job that runs here; its answer counts for nothing. */
  abort(id: string): void {
    this.#running.get(id)?.abort.abort();
  }

  /** Takes no more jobs. */
  stop(): void {
    this.#poller.stop();
  }

  /** Resolves once nothing runs here any more; what was stopped waits for another host. */
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
      // Others are served between the requests that are read, which may be large.
      await nextTurn();
    }
  }

  /** Lets go of what the store has claimed for this host without being able to say so: it never begins. */
  async #giveBack(): Promise<void> {
    await this.#options.store.giveBack(this.#owner, [...this.#running.keys()]);
  }

  /** How many to take of tenants at their limit: one for each that has ended. */
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

  /** Changes how many there is room for, if that counts. */
  #count(tenant: string, change: 1 | -1): void {
    const room = this.#room.get(tenant);
    if (room !== undefined) room.jobs += change;
  }

  #begin(job: ClaimedJob): void {
    // It ran here for longer than its claim held, or what came of it is still to be written.
    if (this.#running.has(job.id)) return;
    this.#count(job.tenant, -1);
    const abort = new AbortController();
    // It is not a part of whatever request has woken this one up.
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
    // Once it is answered nobody runs it again, and nothing else would write it down.
    await runs.flush();
    const finish = (answer: FinalJobAnswer) =>
      this.#write(job, () => store.finish(this.#owner, job.id, answer));
    const isOurs = await finish(answer).catch(async (error: unknown) => {
      if (error instanceof StoreUnavailable || error instanceof StorageReserved) throw error;
      // It cannot be kept, and would not be the next time either: that is its answer, which has room.
      if (!(error instanceof StorageFull)) this.#options.onError(error, job.requestId);
      return finish(await problemAnswer(error, job.requestId));
    });
    if (isOurs) onDone();
  }

  /** Has something written however long the store is away: that costs no job a second run. */
  #write<T>({ requestId }: JobRow, write: () => Promise<T>): Promise<T> {
    const onError = (error: unknown): void => this.#options.onError(error, requestId);
    return written(write, onError, this.#last.signal);
  }

  /** `undefined` if there is nothing to say: it was cancelled, or waits again. */
  async #answer(job: ClaimedJob, signal: AbortSignal): Promise<FinalJobAnswer | undefined> {
    const { runs, callerOf, onError, store } = this.#options;
    const { id, requestId, attempts } = job;
    const comesAgain = (error: unknown): boolean => !signal.aborted && passes(error, job);
    if (attempts > MAX_ATTEMPTS) return givenUp(requestId);
    try {
      const caller = await callerOf(job.tenant);
      if (caller === undefined) return undefined;
      const run = { id, caller, requestId, signal, comesAgain, wait: false, via: "async" as const };
      const request = JSON.parse(job.request) as ExecuteRequest;
      const asked = { ...run, request, function: functionOf(job), asText: true };
      const answer = answerOf(await runs.run(asked));
      this.#count(job.tenant, 1);
      return { status: 200, body: answerText({ ...answer, attempts }) };
    } catch (error) {
      const isFull = error instanceof QuotaExceeded && error.code === "CONCURRENCY_LIMIT";
      if (isFull) this.#atLimit(job.tenant);
      else this.#count(job.tenant, 1);
      // Cancelled, or its tenant is gone: nobody waits for its answer.
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

  /** Holds what is under way here and nothing else: what has been claimed by mistake is to be void. */
  async #renewAll(): Promise<void> {
    const { store, lease, onError } = this.#options;
    const before = new Map(this.#running);
    if (before.size === 0) return;
    const renew = () => store.renew(this.#owner, lease, [...before.keys()]);
    try {
      const tell = (error: unknown): void => onError(error, "");
      const held = new Set(await written(renew, tell, this.#last.signal));
      // Cancelled by way of another host, or lost to one.
      for (const [id, { abort }] of before) if (!held.has(id)) abort.abort();
    } catch (error) {
      onError(error, "");
    }
  }
}

function functionOf({ function: name, version }: JobRow) {
  return name === null || version === null ? undefined : { name, version };
}

/** Whether time mends it: a quota, a busy host, one on its way out. */
function passes(error: unknown, { age }: ClaimedJob): boolean {
  if (!(error instanceof IsolateError || error instanceof HttpProblem)) return false;
  const { status } = error;
  return (status === 429 || status === 503) && age < MAX_PATIENCE;
}

/** Milliseconds until it is worth another try. */
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
