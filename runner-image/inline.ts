/**
 * A worker's insides for level `none`. The host evaluates this in a realm of its own process and
 * calls `open()`: everything user code meets there is what it meets in a sandbox.
 */
import type { ChannelMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import { captureConsole } from "./console.ts";
import { MODULE_NAME } from "./faults.ts";
import { restrictGlobals } from "./globals.ts";
import { Run } from "./run.ts";
import { trackTimers } from "./timers.ts";

/** What the host does for the code it has taken in. */
export interface InlineHost {
  send(message: WorkerMessage): void;
  /** Evaluates a module: its exports. */
  load(code: string): Promise<Record<string, unknown>>;
  /** Calls a function, interrupted at the deadline if it does not return. */
  call(entry: (...args: unknown[]) => unknown, args: unknown[]): unknown;
}

export interface InlineWorker {
  start(job: WorkerJob): void;
  receive(message: ChannelMessage): void;
  /** Ends the job with what one of its callbacks threw. */
  fail(thrown: unknown): void;
}

export function open(host: InlineHost): InlineWorker {
  let current: Run | undefined;
  captureConsole((level, args) => current?.log.write(level, args));
  trackTimers();
  restrictGlobals((fault) => current?.fail(fault));
  return {
    start(job) {
      current = new Run(job, host.send);
      void current.start({
        url: () => MODULE_NAME,
        load: () => host.load(job.code),
        call: host.call,
      });
    },
    receive: (message) => current?.receive(message),
    fail: (thrown) => current?.fail(thrown),
  };
}
