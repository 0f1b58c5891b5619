import type {
  ConsoleLevel,
  RunMessage,
  WorkerJob,
  WorkerMessage,
} from "../src/protocol/messages.ts";
import { CodeRun, type Runtime } from "./code-run.ts";

/** The runs of one worker, one after the other. */
export class CodeRuns {
  readonly #send: (message: WorkerMessage) => void;
  #current: CodeRun | undefined;
  #spoiled = false;

  constructor(send: (message: WorkerMessage) => void) {
    this.#send = send;
  }

  start(job: WorkerJob, runtime: Runtime): void {
    if (this.#spoiled) return;
    this.#current = new CodeRun(job, this.#send, this.#current?.loaded);
    void this.#current.start(runtime);
  }

  write(level: ConsoleLevel, args: unknown[]): void {
    this.#current?.log.write(level, args);
  }

  receive(message: RunMessage): void {
    this.#current?.receive(message);
  }

  /**
   * Ends the current run with an error that nobody awaits. If no run is on, code of an earlier run
   * threw it. No later run fails for that, but the worker reports itself as spoiled.
   */
  fail(thrown: unknown): void {
    if (this.#current === undefined || this.#current.fail(thrown) || this.#spoiled) return;
    this.#spoiled = true;
    this.#send({ type: "spoiled" });
  }

  close(): void {
    this.#current?.close();
  }
}
