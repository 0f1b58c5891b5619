import { segment, type Transport } from "./transport.ts";
import type { Job } from "./types.ts";

const FIRST_WAIT = 50;
const LAST_WAIT = 2_000;

/** Manages executions that are answered later. */
export class JobsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get<T = unknown>(id: string): Promise<Job<T>> {
    return this.#transport.json(`/jobs/${segment(id)}`);
  }

  /** Cancels a job. Rejects with code `JOB_OVER` if it already has its answer. */
  async cancel(id: string): Promise<void> {
    await this.#transport.send(`/jobs/${segment(id)}`, { method: "DELETE" });
  }

  /**
   * Polls until the job is done or cancelled. Rejects with the reason of `signal` when that is
   * aborted.
   */
  async wait<T = unknown>(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<Job<T>> {
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LAST_WAIT)) {
      signal?.throwIfAborted();
      const job = await this.get<T>(id);
      if (job.status === "done" || job.status === "cancelled") return job;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
