import type { WorkerPermissions } from "../src/protocol/grants.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";
import { WorkerLine } from "./worker-line.ts";

/** A worker made ahead for grants that may come: most requests ask for what others did before. */
export class Spare {
  readonly #key: string;
  readonly #line: WorkerLine;
  #ready = false;
  #onMessage: (message: WorkerMessage) => void = (message) => {
    this.#ready ||= message.type === "ready";
  };

  constructor(
    worker: WorkerPermissions,
    permissions: Deno.PermissionOptions,
    onCrash: (reason: string) => void,
  ) {
    this.#key = JSON.stringify(worker);
    this.#line = new WorkerLine(permissions, {
      onMessage: (message) => this.#onMessage(message),
      onCrash,
    });
  }

  /** Whether it may do just this. */
  fits(worker: WorkerPermissions): boolean {
    return JSON.stringify(worker) === this.#key;
  }

  /** Hands the worker over; it says that it is ready as a new one does. */
  take(onMessage: (message: WorkerMessage) => void): WorkerLine {
    this.#onMessage = onMessage;
    if (this.#ready) queueMicrotask(() => onMessage({ type: "ready" }));
    return this.#line;
  }

  end(): void {
    this.#line.end();
  }
}
