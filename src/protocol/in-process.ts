/** What passes between the host and the runner it has evaluated in a realm: runner-image/in-process.ts. */
import type { DatabaseModule } from "./database.ts";
import type { CreditMessage } from "./http.ts";
import type { ChannelMessage, WorkerJob, WorkerMessage } from "./messages.ts";

export type Module = Record<string, unknown>;

/** What the host does for the code it has taken in. */
export interface InProcessHost {
  send(message: WorkerMessage): void;
  /** Evaluates a module and has `call` called with its exports; breaks both off at the deadline. */
  load(code: string, call: (module: Module) => unknown): Promise<Loading>;
  /** Calls with the exports of a module that it has loaded, in the same way. */
  again(module: Module, call: (module: Module) => unknown): Pick<Loading, "value">;
  database(): Promise<DatabaseModule>;
}

/** A module on its way. The host leaves its promises alone: their "then" is the realm's. */
export interface Loading {
  /** Resolves once `value` is there; rejects with what evaluation or call threw. */
  readonly done: Promise<unknown>;
  /** What the call returned. */
  readonly value: unknown;
}

export interface InProcessWorker {
  start(job: WorkerJob): void;
  receive(message: ChannelMessage | CreditMessage): void;
  /** Ends the job with what one of its callbacks threw. */
  fail(thrown: unknown): void;
  /** Gives back what the job has taken. */
  close(): void;
}
