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
import type { Notices } from "../store/contract/notices.ts";
import { StorageFull, StorageReserved, StoreUnavailable } from "../store/contract/store-errors.ts";
import { written } from "../store/contract/written.ts";
import type { Caller } from "../tenants/auth.ts";
import { TenantSuspended } from "../tenants/suspended.ts";
import { Announcement } from "./announcement.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { HeldJobs } from "./held-jobs.ts";
import { nextPoll, POLL_MS } from "./poll-times.ts";

export interface JobWorkerOptions {
  readonly store: Jobs;
  /** Notices `jobs` tell of waiting jobs that another host cannot start at once. */
  readonly notices: Notices;
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
/** Most age in milliseconds of a job that is put off by passing causes: quotas or a busy host. */
const MAX_PATIENCE = 24 * 3_600_000;
/** Milliseconds until a tenant at its limit is tried again. */
const FULL_MS = 1_000;
/** Milliseconds for which a statement without a known result may still take effect. */
const UNCERTAIN = 30_000;
/** Most cancelled jobs that a claim under way takes note of. A renewal misses the others. */
const MOST_CANCELLED = 10_000;
/** Milliseconds for the last writes at shutdown, if the store is away. */
const LAST_WRITES = 5_000;

/**
 * Runs the jobs in the queue. A host keeps a job while it renews its claim. If a host fails,
 * another one runs its job again: a job runs at least once and is answered once.
 */
export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #owner: string;
  /** Jobs until their results are written. They number at most `slots`, including their answers. */
  readonly #held: HeldJobs;
  readonly #answers: AnswerWriter;
  readonly #announcement: Announcement;
  /** Tenant id → jobs that may be claimed of a tenant at its limit, valid until `until`. */
  readonly #room = new Map<string, { jobs: number; until: number }>();
  readonly #poller: Poller;
  /** Ends the receipt of notices. */
  #unsubscribe: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** False once a look has found nothing more to claim. */
  #mayMore = true;
  /** True if a job was accepted here since the last look. */
  #isOffered = false;
  /** Time of the next look without a wake, while notices arrive. */
  #nextPoll = 0;
  /** Time until which jobs that were released here have a pause. */
  #pausedUntil = 0;
  /** Time until which the store may claim jobs for this host without telling it. */
  #uncertainUntil = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;
  /** Jobs that were cancelled since the claim under way, which may have taken them before. */
  #cancelled: Set<string> | undefined;
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
    const isDue = (): boolean => this.#isDue();
    this.#poller = new Poller({ look: () => this.#look(), every: POLL_MS, isDue, onError });
    this.#held = new HeldJobs(options.lease);
    this.#answers = new AnswerWriter(options.store, options.owner);
    this.#announcement = new Announcement(() => options.notices.send({ kind: "jobs" }));
  }

  start(): void {
    const { notices } = this.#options;
    const look = (): void => {
      this.#mayMore = true;
      if (this.#free > 0) this.wake();
    };
    this.#unsubscribe = [notices.on("jobs", look), notices.onLoss(look)];
    this.#timer = setInterval(() => void this.#renew(), this.#options.lease / 3).unref();
    this.#poller.start();
  }

  /** Looks for jobs now. */
  wake(): void {
    this.#poller.wake();
  }

  /** Looks for a job that was accepted here. Tells other hosts, if this one cannot start it now. */
  offer(): void {
    this.#mayMore = true;
    if (this.#poller.stopped || this.#free <= 0) {
      this.#announcement.make();
      return;
    }
    this.#isOffered = true;
    this.wake();
  }

  get #free(): number {
    return this.#options.slots - this.#held.size;
  }

  /** Ends a job that runs here and discards its answer. */
  abort(id: string): void {
    if (this.#cancelled !== undefined && this.#cancelled.size < MOST_CANCELLED)
      this.#cancelled.add(id);
    this.#held.abort(id);
  }

  /** Claims no more jobs. */
  stop(): void {
    this.#poller.stop();
  }

  /** Stops. Resolves once no job runs here. Interrupted jobs wait for another host. */
  async close(): Promise<void> {
    for (const end of this.#unsubscribe.splice(0)) end();
    await this.#poller.close();
    clearInterval(this.#timer);
    const give = setTimeout(() => this.#last.abort(), LAST_WRITES);
    await this.#held.over();
    clearTimeout(give);
    // A renewal may still wait for a store that is away.
    this.#last.abort();
    this.#announcement.close();
  }

  /**
   * Tells whether to look without a wake. Often, if nobody may tell of waiting jobs: of those with a
   * pause, of a tenant at its limit, or without notices.
   */
  #isDue(): boolean {
    const now = performance.now();
    if (!this.#options.notices.connected || this.#mayMore || this.#room.size > 0) return true;
    return now < this.#pausedUntil + 2 * POLL_MS || now >= this.#nextPoll;
  }

  async #look(): Promise<void> {
    const { store, lease } = this.#options;
    if (performance.now() < this.#uncertainUntil) await this.#giveBack();
    const free = this.#free;
    if (free <= 0) return;
    const isOffered = this.#isOffered;
    this.#isOffered = false;
    this.#mayMore = true;
    this.#nextPoll = performance.now() + nextPoll(lease);
    const askedAt = performance.now();
    const cancelled = new Set<string>();
    this.#cancelled = cancelled;
    try {
      const claimed = await store.claim(this.#owner, lease, free, this.#most());
      this.#mayMore = claimed.length >= free;
      if (isOffered && this.#mayMore) this.#announcement.make();
      for (const job of claimed) {
        if (cancelled.has(job.id)) continue;
        // An answer that took as long as the claim leaves it to other hosts.
        if (this.#held.isFresh(askedAt)) this.#begin(job, askedAt);
        else this.#uncertainUntil = performance.now() + UNCERTAIN;
        // Requests may be large, so other work gets a turn in between.
        await nextTurn();
      }
    } finally {
      this.#cancelled = undefined;
    }
  }

  /**
   * Gives up claims that the store made without telling this host. Their jobs then need not wait
   * for the lease's end.
   */
  async #giveBack(): Promise<void> {
    await this.#options.store.giveBack(this.#owner, this.#held.begun());
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

  #begin(job: ClaimedJob, askedAt: number): void {
    // It outlived its claim here, or its result is still to be written.
    if (this.#held.has(job.id)) return;
    this.#count(job.tenant, -1);
    this.#held.add(job.id, askedAt, (signal) =>
      // Detached from the trace of the request that has woken this worker.
      context
        .with(ROOT_CONTEXT, () => this.#run(job, signal))
        .catch((error: unknown) => this.#options.onError(error, job.requestId))
        // After the job is no longer held.
        .finally(() => setImmediate(() => this.#onPlace())),
    );
  }

  /** Looks for a job in the place of one that has ended, unless none waited at the last look. */
  #onPlace(): void {
    if (this.#mayMore || this.#room.size > 0) this.wake();
  }

  async #run(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const { runs, onDone } = this.#options;
    const answer = await this.#answer(job, signal);
    // It runs again elsewhere, perhaps already.
    if (answer === undefined || this.#held.isLost(job.id)) return;
    this.#held.answered(job.id);
    // After the answer no host runs it again, so its record must be written first.
    await runs.flush();
    const finish = (answer: FinalJobAnswer) =>
      this.#write(job, () => this.#answers.finish(job.id, answer));
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
    const comesAgain = (error: unknown): boolean =>
      signal.aborted ? this.#held.isLost(id) : passes(error, job);
    if (attempts > MAX_ATTEMPTS) return givenUp(requestId);
    try {
      const caller = await callerOf(job.tenant);
      if (caller === undefined) return undefined;
      const via = job.context === null ? "async" : "schedule";
      const callContext = job.context ?? undefined;
      const run = {
        id,
        caller,
        requestId,
        signal,
        comesAgain,
        wait: false,
        via,
        callContext,
      } as const;
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
        this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + pause);
        if (this.#poller.stopped) this.#announcement.make();
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
    if (this.#held.size === 0) return;
    const renew = async (): Promise<void> => {
      const ids = this.#held.ids();
      const askedAt = performance.now();
      const held = new Set(await store.renew(this.#owner, lease, ids));
      this.#held.renewed(held, askedAt);
      // Cancelled through another host, or claimed by one.
      for (const id of ids) if (!held.has(id)) this.abort(id);
    };
    try {
      await written(renew, (error) => onError(error, ""), this.#last.signal);
    } catch (error) {
      onError(error, "");
    }
  }
}

function functionOf({ function: name, version }: JobRow) {
  return name === null || version === null ? undefined : { name, version };
}

/** Tests whether an error passes with time: a suspension, a quota, a busy host or a shutdown. */
function passes(error: unknown, { age }: ClaimedJob): boolean {
  // The store leaves the job alone until its tenant is resumed.
  if (error instanceof TenantSuspended) return true;
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
