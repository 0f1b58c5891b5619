/**
 * The worker that runs user code. It starts and waits for jobs on a port that only closures of this
 * module hold. First come a few jobs of the host's own, then the real one.
 */
import { DATABASE_MODULE, type DatabaseModule } from "../src/protocol/database.ts";
import { MODULE_URL } from "../src/protocol/messages.ts";
import type { Work } from "../src/protocol/work.ts";
import { makeCall } from "./base/bare-call.ts";
import { makeUrl, tellUrls } from "./base/blob-urls.ts";
import { listOf, NativeBlob } from "./base/primordials.ts";
import { coarsenClocks } from "./clocks/coarse.ts";
import { hideTimerRecords, timerClass } from "./clocks/timers.ts";
import type { Runtime } from "./code-run.ts";
import { CodeRuns } from "./code-runs.ts";
import { takeCode } from "./code-text.ts";
import { takeDenoText } from "./console/deno-text.ts";
import { captureConsole } from "./console/methods.ts";
import { takeNested } from "./console/nested-output.ts";
import { captureStreams } from "./console/streams.ts";
import { catchFailures } from "./failures.ts";
import { explainFetch, noteRefusal } from "./fetch-failures.ts";
import { restrictGlobals } from "./globals.ts";
import { closeInternals } from "./internals.ts";
import { internalsOf } from "./internals-of.ts";
import { changeWhenLoaded } from "./late-modules.ts";
import { describeMachine } from "./machine.ts";
import { loadSource } from "./modules/load.ts";
import { urlOfMain } from "./modules/own-worker.ts";
import { leavePage } from "./no-page.ts";
import { nodeConnections } from "./node-connections.ts";
import { ownCrypto } from "./node-crypto.ts";
import { watchOperations } from "./operations.ts";
import { Owners } from "./owners.ts";
import { listen, send } from "./port.ts";
import { announcerOf } from "./process-end.ts";
import { tunnelConnections } from "./raw-connections.ts";
import { replaceUpgrade } from "./sockets/upgrade.ts";
import { hideFrames } from "./stack-frames.ts";
import { trackTimers } from "./timers.ts";
import { replaceVariables } from "./variables.ts";
import type { WorkerStart } from "./worker-line.ts";

/**
 * Text of nested.ts, set at build time, because a worker made by user code may not read that file.
 */
declare const NESTED_PRELUDE: string;

/** The part of a worker's global scope used here. Deno's types have only the window's. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerStart>) => void) | null;
}

const DATABASE_URL = new URL(DATABASE_MODULE, import.meta.url).href;

const scope = globalThis as unknown as WorkerScope;

const runtime: Omit<Runtime, "work" | "announce" | "within"> = {
  url: ({ moduleUrl = MODULE_URL }) => moduleUrl,
  async load(job, enter, onUrl) {
    const { language, moduleUrl: url = MODULE_URL } = job;
    const source = { code: takeCode(job), language, url };
    return await loadSource(source, (module) => makeCall(enter(module)), onUrl);
  },
  again: async (module, enter) => await makeCall(enter(module)),
  database: () => import(DATABASE_URL) as Promise<DatabaseModule>,
};

// Captured now: only a tool gives code the global.
const randomId = crypto.randomUUID.bind(crypto);

scope.onmessage = async ({ data: { port, hrtime, env } }) => {
  scope.onmessage = null;
  const runs = new CodeRuns((message) => send(port, message));
  const told = (url: string, gone: boolean): void => send(port, { type: "url", url, gone });
  tellUrls(told);
  const internals = internalsOf(Deno);
  const { core } = internals;
  const owners = new Owners(core);
  catchFailures(core, internals, owners, (thrown, owner) => runs.fail(thrown, owner));
  hideFrames();
  const text = takeDenoText();
  captureStreams((stream, bytes) => runs.logFor(owners.current())?.writeBytes(stream, bytes));
  const operations = watchOperations(core, port);
  const timers = trackTimers(core, owners, hrtime ? timerClass() : hideTimerRecords(core));
  const work: Work = { ...timers, others: operations.pending };
  replaceUpgrade();
  const webCrypto = crypto;
  restrictGlobals((fault) => runs.fail(fault));
  const mark = `output ${randomId()}`;
  const prelude = `const HRTIME = ${hrtime}, ENV = ${JSON.stringify(env)}; const OUTPUT_MARK = "${mark}";${NESTED_PRELUDE}`;
  const taker = (): ((output: unknown) => void) => {
    const owner = owners.current();
    return (output) => takeNested(output, runs.logFor(owner), told);
  };
  let preludeUrl: string | undefined;
  // Made with the first worker of code: the process keeps a blob for good, and few jobs need it.
  const preludeOf = (): string => {
    preludeUrl ??= makeUrl(new NativeBlob(listOf(prelude), { type: "application/javascript" }));
    return preludeUrl;
  };
  closeInternals(preludeOf, { mark, taker }, urlOfMain);
  leavePage();
  const { process } = globalThis as unknown as { process: object };
  const changes = { ...describeMachine(process), ...ownCrypto(webCrypto) };
  changeWhenLoaded(process, { ...changes, ...nodeConnections(process) });
  const within: Runtime["within"] = (owner, call) => owners.within(owner, call);
  const announce = announcerOf(process);
  replaceVariables(process, env, (name) => runs.noteUngranted(name));
  if (!hrtime) coarsenClocks();
  // After the clocks, because the timers of the console are no finer than they are.
  captureConsole(text, () => runs.logFor(owners.current()));
  listen(port, (message) => {
    operations.begin();
    if (message.type === "refused") {
      noteRefusal(message);
      return;
    }
    if (message.type !== "job") {
      runs.receive(message);
      return;
    }
    if (message.tunnels !== undefined) {
      tunnelConnections(message.tunnels);
      explainFetch();
    }
    runs.start(message, { ...runtime, work, announce, within });
  });
  send(port, { type: "ready" });
};
