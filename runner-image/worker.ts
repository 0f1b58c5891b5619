/**
 * The worker user code runs in. It boots and waits for jobs on a port that only this module's
 * closures hold: a few of the host's own, then the one it is there for.
 */
import { DATABASE_MODULE, type DatabaseModule } from "../src/protocol/database.ts";
import { preventDefault } from "./base/primordials.ts";
import type { Runtime } from "./code-run.ts";
import { CodeRuns } from "./code-runs.ts";
import { captureConsole } from "./console.ts";
import { restrictGlobals } from "./globals.ts";
import { closeInternals } from "./internals.ts";
import { loadModule, moduleUrl } from "./load.ts";
import { listen, send } from "./port.ts";
import { tunnelConnections } from "./raw-connections.ts";
import { trackTimers } from "./timers.ts";

/** Set at build time: the text of nested.ts, which a worker made by user code may not read. */
declare const NESTED_PRELUDE: string;

/** The part of a worker's global scope used here; Deno's types know the window's only. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<MessagePort>) => void) | null;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(
    type: "unhandledrejection",
    listener: (event: PromiseRejectionEvent) => void,
  ): void;
}

const DATABASE_URL = new URL(DATABASE_MODULE, import.meta.url).href;

const scope = globalThis as unknown as WorkerScope;

const runtime: Runtime = {
  url: moduleUrl,
  // Awaited here: a promise that is passed on unsettled has its "then" called, which may be anybody's.
  load: async (url, call) => await call(await loadModule(url, (from) => import(from))),
  again: async (module, call) => await call(module),
  database: () => import(DATABASE_URL) as Promise<DatabaseModule>,
};

scope.onmessage = async ({ data: port }) => {
  scope.onmessage = null;
  const runs = new CodeRuns((message) => send(port, message));
  scope.addEventListener("error", (event) => {
    preventDefault(event);
    runs.fail(event.error);
  });
  scope.addEventListener("unhandledrejection", (event) => {
    preventDefault(event);
    runs.fail(event.reason);
  });
  captureConsole((level, args) => runs.write(level, args));
  trackTimers();
  restrictGlobals((fault) => runs.fail(fault));
  closeInternals(moduleUrl(NESTED_PRELUDE));
  listen(port, (message) => {
    if (message.type !== "job") {
      runs.receive(message);
      return;
    }
    if (message.tunnels !== undefined) tunnelConnections(message.tunnels);
    runs.start(message, runtime);
  });
  send(port, { type: "ready" });
};
