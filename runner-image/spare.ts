import { DATABASE_MODULE } from "../src/protocol/database.ts";
import type { WorkerGrant } from "../src/protocol/grants.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";
import { primingJob } from "./priming.ts";
import { WorkerLine } from "./worker-line.ts";

/** Number of priming jobs of a spare worker. The process is warm already, the worker is not. */
export const SPARE_ROUNDS = 2;

/** A worker made ahead for likely grants: most requests ask for the same as earlier ones. */
export class Spare {
  readonly #key: string;
  readonly #line: WorkerLine;
  /**
   * URL of the database tool. It is loaded ahead, because loading is the slowest part of such a
   * job.
   */
  readonly #databaseUrl: string | undefined;
  #primingLeft: number;
  #ready = false;
  readonly #onReady: () => void;
  #taken: ((message: WorkerMessage) => void) | undefined;

  constructor(
    worker: WorkerGrant,
    permissions: Deno.PermissionOptions,
    events: { onReady(): void; onCrash(reason: string): void },
    rounds = SPARE_ROUNDS,
  ) {
    this.#primingLeft = rounds;
    this.#onReady = events.onReady;
    this.#key = JSON.stringify(worker);
    if (worker.database) this.#databaseUrl = new URL(DATABASE_MODULE, import.meta.url).href;
    const onMessage = (message: WorkerMessage): void => this.#hear(message);
    this.#line = new WorkerLine(permissions, { ...events, onMessage }, worker.hrtime);
  }

  get line(): WorkerLine {
    return this.#line;
  }

  /** Returns whether the worker has exactly these permissions. */
  fits(worker: WorkerGrant): boolean {
    return JSON.stringify(worker) === this.#key;
  }

  /** Hands the worker over. It reports `ready` as a new worker does. */
  take(onMessage: (message: WorkerMessage) => void): WorkerLine {
    this.#taken = onMessage;
    if (this.#ready) queueMicrotask(() => onMessage({ type: "ready" }));
    return this.#line;
  }

  /**
   * Takes a message. Those of the priming jobs are dropped; the last one may still run when the
   * worker is taken.
   */
  #hear(message: WorkerMessage): void {
    if (this.#ready) {
      this.#taken?.(message);
      return;
    }
    if (message.type !== "ready" && message.type !== "result" && message.type !== "error") return;
    this.#primingLeft -= 1;
    if (this.#primingLeft >= 0) {
      this.#line.send(primingJob(this.#primingLeft, this.#databaseUrl));
      return;
    }
    this.#ready = true;
    this.#onReady();
    this.#taken?.({ type: "ready" });
  }
}
