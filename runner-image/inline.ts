/**
 * A worker's insides for level `none`. The host evaluates this in a realm of its own process and
 * calls `open()`: everything user code meets there is what it meets in a sandbox.
 */
import type { ChannelMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import { captureConsole } from "./console.ts";
import { MODULE_NAME } from "./faults.ts";
import { restrictGlobals } from "./globals.ts";
import type { Module } from "./load.ts";
import { Run } from "./run.ts";
import { trackTimers } from "./timers.ts";

/** What the host does for the code it has taken in. */
export interface InlineHost {
  send(message: WorkerMessage): void;
  /** Evaluates a module and has `call` called with its exports; breaks both off at the deadline. */
  load(code: string, call: (module: Module) => unknown): Promise<Loading>;
}

/** A module on its way. The host leaves its promises alone: their "then" is the realm's. */
export interface Loading {
  /** Resolves once `value` is there; rejects with what evaluation or call threw. */
  readonly done: Promise<unknown>;
  /** What the call returned. */
  readonly value: unknown;
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
        async load(_url, call) {
          const loading = await host.load(job.code, call);
          await loading.done;
          return await loading.value;
        },
      });
    },
    receive: (message) => current?.receive(message),
    fail: (thrown) => current?.fail(thrown),
  };
}
