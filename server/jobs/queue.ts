import { PayloadTooLarge } from "../../src/base/errors.ts";
import { JsonText } from "../../src/base/json-text.ts";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { HttpProblem } from "../errors/problem.ts";
import { executionId } from "../runs/execution-id.ts";
import type { Execution } from "../runs/runs.ts";
import type { JobRow, Jobs, NewJob } from "../store/contract/jobs.ts";
import type { Notices } from "../store/contract/notices.ts";
import type { Caller } from "../tenants/auth.ts";
import type { JobWorker } from "./job-worker.ts";

/** Most values in a stored input, because the event loop parses it again. */
const MAX_STORED = 20_000;

/** Most jobs of a tenant that wait or run. */
export const MOST_JOBS = 1_000;

export interface JobQueueOptions {
  readonly store: Jobs;
  readonly kernel: Kernel;
  readonly worker: JobWorker;
  /** Tells other servers of cancelled jobs. */
  readonly notices: Pick<Notices, "send">;
  /** Throws for a callback that cannot be sent. */
  readonly checkCallback: (url: string) => void;
  /** Most jobs of a tenant that wait or run. Default 1,000. */
  readonly most?: number;
}

export type QueuedExecution = Pick<
  Execution,
  "caller" | "request" | "requestId" | "function" | "isBundle"
> & {
  readonly callback?: string | undefined;
};

/** Most requests of a tenant that wait to be accepted. */
const MAX_ACCEPTING = 1_000;

/** Accepts executions that are answered later. An accepted one is durable and runs in its turn. */
export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #accepting = new PerTenantQueue(MAX_ACCEPTING);

  constructor(options: JobQueueOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the execution's id once it is stored. Rejects as `Kernel.check()` does, and with
   * 429 if too many of the tenant's jobs wait.
   */
  async accept(asked: QueuedExecution): Promise<string> {
    const { store, kernel, worker, checkCallback, most = MOST_JOBS } = this.#options;
    const { caller, requestId, function: deployed, isBundle, callback } = asked;
    const request = storable(asked.request);
    const { tenant } = caller;
    if (callback !== undefined) checkCallback(callback);
    await kernel.check(request, { tenant, isBundle, deployed: deployed && {} });
    const id = executionId();
    const job = {
      id,
      tenant: tenant.id,
      requestId,
      request: isBundle ? withoutCode(request) : { ...request },
      function: deployed?.name ?? null,
      version: deployed?.version ?? null,
      callback: callback ?? null,
    };
    // One after the other. Otherwise each of a tenant's calls would occupy a connection of the
    // store while it waits.
    const accept = () => store.accept(job, most, caller.limits.storage);
    if (!(await this.#accepting.take(tenant.id, accept))) {
      const message = `${most} executions of this tenant wait to be run`;
      throw new HttpProblem(429, "TooManyRequests", "JOBS_LIMIT", message, { retryAfter: 5 });
    }
    worker.offer();
    return id;
  }

  get(caller: Caller, id: string): Promise<JobRow | undefined> {
    return this.#options.store.get(caller.tenant.id, id);
  }

  has(caller: Caller, id: string): Promise<boolean> {
    return this.#options.store.has(caller.tenant.id, id);
  }

  /** Ends a job on any host. Returns false if there is none, or it is over. */
  async cancel(caller: Caller, id: string): Promise<boolean> {
    const { store, worker, notices } = this.#options;
    const tenant = caller.tenant.id;
    const cancelled = await store.cancel(tenant, id);
    if (!cancelled) return false;
    worker.abort(id);
    notices.send({ kind: "cancel", tenant, id });
    return true;
  }
}

/** Leaves out a bundle, which is kept with its function. A thousand jobs of it would be gigabytes. */
function withoutCode({ code: _code, ...request }: ExecuteRequest): NewJob["request"] {
  return request;
}

/** Parses a large input, because the store keeps values. */
function storable(request: ExecuteRequest): ExecuteRequest {
  const { input } = request;
  if (!(input instanceof JsonText)) return request;
  if (input.isTooDeep) return request;
  if (input.size > MAX_STORED) {
    const message = `input: More than ${MAX_STORED} values, which are answered at once only`;
    throw new PayloadTooLarge("input", message);
  }
  return { ...request, input: JSON.parse(input.text) };
}
