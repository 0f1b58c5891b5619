import { DATABASE_MODULE } from "../src/protocol/database.ts";
import type { WorkerGrant } from "../src/protocol/grants.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";
import { primingJob } from "./priming.ts";
import { WorkerLine } from "./worker-line.ts";

/** Jobs of its own it runs before anybody's; the process is warm, the worker is not. */
const PRIMING_ROUNDS = 2;

/** A worker made ahead for grants that may come: most requests ask for what others did before. */
export class Spare {
  readonly #key: string;
  readonly #line: WorkerLine;
  /** Loading it takes longer than all else a job with a database does. */
  readonly #databaseUrl: string | undefined;
  #primingLeft = PRIMING_ROUNDS;
  #ready = false;
  readonly #onReady: () => void;
  #taken: ((message: WorkerMessage) => void) | undefined;

  constructor(
    worker: WorkerGrant,
    permissions: Deno.PermissionOptions,
    events: { onReady(): void; onCrash(reason: string): void },
  ) {
    this.#onReady = events.onReady;
    this.#key = JSON.stringify(worker);
    if (worker.database) this.#databaseUrl = new URL(DATABASE_MODULE, import.meta.url).href;
    this.#line = new WorkerLine(permissions, {
      onMessage: (message) => this.#hear(message),
      onCrash: events.onCrash,
    });
  }

  /** Whether it may do just this. */
  fits(worker: WorkerGrant): boolean {
    return JSON.stringify(worker) === this.#key;
  }

  /** Hands the worker over; it says that it is ready as a new one does. */
  take(onMessage: (message: WorkerMessage) => void): WorkerLine {
    this.#taken = onMessage;
    if (this.#ready) queueMicrotask(() => onMessage({ type: "ready" }));
    return this.#line;
  }

  /** Nobody hears of the jobs it runs for itself, the last of which may be under way when it is taken. */
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
