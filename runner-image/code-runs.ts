import type { RunMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import { CodeRun, type Runtime } from "./code-run.ts";
import type { ConsoleLog } from "./console/log.ts";

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
    this.#current = new CodeRun(job, this.#send, this.#current);
    void this.#current.start(runtime);
  }

  /** The log of the current run. */
  get log(): ConsoleLog | undefined {
    return this.#current?.log;
  }

  /**
   * Returns the log of the current run, unless an earlier one has started the code that asks.
   *
   * @param owner The run that has started it, where that is known.
   */
  logFor(owner: object | undefined): ConsoleLog | undefined {
    return owner === undefined || owner === this.#current ? this.#current?.log : undefined;
  }

  /** Notes a variable that the current run has asked for in vain. */
  noteUngranted(name: string): void {
    this.#current?.ungranted.add(name);
  }

  receive(message: RunMessage): void {
    this.#current?.receive(message);
  }

  /**
   * Ends the current run with an error that nobody awaits. If no run is on, code of an earlier run
   * threw it. No later run fails for that, but the worker reports itself as spoiled. If the error is
   * known to be an earlier run's, the current one goes on, as the last one here.
   */
  fail(thrown: unknown, owner?: object): void {
    if (owner !== undefined && owner !== this.#current && this.#current?.spoil()) return;
    if (this.#current === undefined || this.#current.fail(thrown) || this.#spoiled) return;
    this.#spoiled = true;
    this.#send({ type: "spoiled" });
  }

  close(): void {
    this.#current?.close();
  }
}
