import { setTimeout as sleep } from "node:timers/promises";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { Poller } from "../../src/base/poller.ts";
import type { DueCallback, JobRow, Jobs } from "../store/contract/jobs.ts";
import type { Caller } from "../tenants/auth.ts";
import { type DeliverOptions, deliver } from "./deliver.ts";
import { nextTry } from "./schedule.ts";
import { callbackSecret } from "./secret.ts";

export interface CallbackSenderOptions extends DeliverOptions {
  readonly store: Jobs;
  /** Id of this server. Attempts are recorded by the server that has claimed them last. */
  readonly owner: string;
  /** Key from which secrets are derived. */
  readonly secretKey: Uint8Array;
  /** Returns `undefined` for a deleted tenant. */
  readonly callerOf: (tenant: string) => Promise<Caller | undefined>;
  readonly onError: (error: unknown) => void;
}

const POLL_MS = 5_000;
const AT_ONCE = 32;
/** Most attempts of one tenant at a time. Its receivers may all be down. */
const EACH = 4;
/** Milliseconds after which another server may repeat an attempt. */
const CLAIM_MS = 60_000;
/** Milliseconds for attempts under way at shutdown: more than one takes. */
const LAST_MS = 15_000;

/** Sends jobs' answers to their callbacks, with repeated attempts until they are accepted. */
export class CallbackSender {
  readonly #options: CallbackSenderOptions;
  /** Attempts under way → their tenants. */
  readonly #sending = new Map<Promise<void>, string>();
  /** Reads bodies one at a time, because each may be as large as a result. */
  readonly #reads = new PerTenantQueue(AT_ONCE);
  readonly #poller: Poller;

  constructor(options: CallbackSenderOptions) {
    this.#options = options;
    const { onError } = options;
    this.#poller = new Poller({ look: () => this.#look(), every: POLL_MS, onError });
  }

  start(): void {
    this.#poller.start();
  }

  /** Looks for due answers now. */
  wake(): void {
    this.#poller.wake();
  }

  /**
   * Stops. Resolves once no attempt is under way, or after `within` milliseconds. The next server
   * sends the rest.
   */
  async close(within = LAST_MS): Promise<void> {
    const looked = this.#poller.close();
    const left = new AbortController();
    const over = (async () => {
      await looked;
      await Promise.all(this.#sending.keys());
    })();
    const limit = sleep(within, undefined, { signal: left.signal }).catch(() => {});
    await Promise.race([over, limit]);
    left.abort();
  }

  async #look(): Promise<void> {
    const free = AT_ONCE - this.#sending.size;
    if (free <= 0) return;
    const share = { busy: this.#busy(), each: EACH };
    const { store, owner } = this.#options;
    const due = await store.claimCallbacks(owner, CLAIM_MS, free, share);
    for (const job of due) this.#begin(job);
  }

  #begin(job: DueCallback): void {
    const sending = this.#send(job)
      .catch(this.#options.onError)
      .finally(() => {
        this.#sending.delete(sending);
        this.wake();
      });
    this.#sending.set(sending, job.tenant);
  }

  /**
   * Counts the attempts under way for each tenant, so that slow receivers of one delay no other
   * tenant.
   */
  #busy(): Record<string, number> {
    const busy: Record<string, number> = {};
    for (const tenant of this.#sending.values()) busy[tenant] = (busy[tenant] ?? 0) + 1;
    return busy;
  }

  async #send(job: DueCallback): Promise<void> {
    const { store, owner, secretKey, callerOf } = this.#options;
    const { id, tenant, callback: url, tries } = job;
    const caller = await callerOf(tenant);
    if (url === null || caller === undefined) {
      await store.notified(owner, id, null);
      return;
    }
    const row = await this.#reads.take("", () => store.get(tenant, id));
    if (row === undefined) return;
    const secret = callbackSecret(secretKey, caller.tenant);
    const delivery = { url, tenant, id, body: bodyOf(row), secret };
    // The reason of a failure is not stored: it would reveal what is behind a name.
    const status = await deliver(delivery, this.#options).catch(() => undefined);
    await store.notified(owner, id, nextTry(tries, status));
  }
}

/** Makes the body, equal for all attempts. Inserts the answer as stored. */
function bodyOf({ id, finishedAt, answer }: JobRow): string {
  const head = JSON.stringify({ type: "execution.finished", timestamp: finishedAt });
  const data = JSON.stringify({ id, status: answer?.status });
  const withAnswer = answer === null ? data : `${data.slice(0, -1)},"answer":${answer.body}}`;
  return `${head.slice(0, -1)},"data":${withAnswer}}`;
}
