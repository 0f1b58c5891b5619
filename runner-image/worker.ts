/**
 * The worker user code runs in. It boots, warms the module loader up, and waits for its one job
 * on a port that only this module's closures hold.
 */
import type { WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import { captureConsole } from "./console.ts";
import { restrictGlobals } from "./globals.ts";
import { post, preventDefault } from "./primordials.ts";
import { Run } from "./run.ts";
import { trackTimers } from "./timers.ts";

/** The part of a worker's global scope used here; Deno's types know the window's only. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<MessagePort>) => void) | null;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(
    type: "unhandledrejection",
    listener: (event: PromiseRejectionEvent) => void,
  ): void;
}

const scope = globalThis as unknown as WorkerScope;
const PRIMING_ROUNDS = 3;

let current: Run | undefined;

scope.onmessage = async ({ data: port }) => {
  scope.onmessage = null;
  const send = (message: WorkerMessage): void => post(port, message);
  scope.addEventListener("error", (event) => {
    preventDefault(event);
    current?.fail(event.error);
  });
  scope.addEventListener("unhandledrejection", (event) => {
    preventDefault(event);
    current?.fail(event.reason);
  });
  captureConsole((level, args) => current?.log.write(level, args));
  trackTimers();
  restrictGlobals((fault) => current?.fail(fault));
  await prime();
  port.onmessage = ({ data: job }: MessageEvent<WorkerJob>) => {
    port.onmessage = null;
    current = new Run(job, send);
    current.start(load);
  };
  send({ type: "ready" });
};

function load(url: string): Promise<Record<string, unknown>> {
  return import(url);
}

/**
 * Runs throw-away modules through the very path a job takes, so that the first real one meets a
 * loader, a transpiler and lazy built-ins that are already warm.
 */
async function prime(): Promise<void> {
  for (let round = 0; round < PRIMING_ROUNDS; round += 1) {
    const job: WorkerJob = {
      code: `export default (x: { n: number }): string[] => { console.log(x); return ["${round}"]; };`,
      entry: "default",
      input: '{"n":1}',
      limits: { logEntries: 1, logBytes: 100, resultBytes: 100 },
    };
    await new Run(job, () => {}).start(load);
  }
}
