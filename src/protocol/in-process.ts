/**
 * Messages between the host and the runner in a realm of its process: runner-image/in-process.ts.
 */
import type { DatabaseModule } from "./database.ts";
import type { Language, RunMessage, WorkerJob, WorkerMessage } from "./messages.ts";
import type { Work } from "./work.ts";

/** Text of a module. */
export interface Source {
  readonly code: string;
  readonly language?: Language | undefined;
}

export type Module = Record<string, unknown>;

/** Functions of the host for the code in the realm. */
export interface InProcessHost {
  send(message: WorkerMessage): void;
  /** Evaluates a module and passes its exports to `call`. Both are stopped at the deadline. */
  load(source: Source, call: (module: Module) => unknown): Promise<Loading>;
  /** Passes the exports of a loaded module to `call`, in the same way. */
  again(module: Module, call: (module: Module) => unknown): Pick<Loading, "value">;
  database(): Promise<DatabaseModule>;
  readonly work: Work;
  /** Calls the listeners that code has given `process` for its end. */
  announce(event: "beforeExit" | "exit"): void;
}

/** A module being loaded. The host never awaits its promises: their "then" belongs to the realm. */
export interface Loading {
  /** Resolves once `value` is set. Rejects with the error of the evaluation or the call. */
  readonly done: Promise<unknown>;
  /** Return value of the call. */
  readonly value: unknown;
}

export interface InProcessWorker {
  start(job: WorkerJob): void;
  receive(message: RunMessage): void;
  /** Ends the job with an error that one of its callbacks threw. */
  fail(thrown: unknown): void;
  /** Releases the resources of the job. */
  close(): void;
}
