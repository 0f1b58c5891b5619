/** The runner in a Node thread, with the restrictions of a sandbox but without isolation. */
import { parentPort } from "node:worker_threads";
import { makeCall } from "../../runner-image/base/bare-call.ts";
import { RunnerFault } from "../../runner-image/base/faults.ts";
import { CodeRuns } from "../../runner-image/code-runs.ts";
import { captureConsole } from "../../runner-image/console/methods.ts";
import { captureNodeStreams } from "../../runner-image/console/node-streams.ts";
import { takeNodeText } from "../../runner-image/console/node-text.ts";
import { restrictGlobals } from "../../runner-image/globals.ts";
import { RealmTimers } from "../../src/engines/in-process/timers.ts";
import type { CreditMessage } from "../../src/protocol/http.ts";
import type { ChannelMessage, WorkerJob, WorkerMessage } from "../../src/protocol/messages.ts";

/** A job for a thread, with its code as JavaScript, or with the compiler's error. */
export interface ThreadJob extends WorkerJob {
  readonly script: { readonly text: string } | { readonly mistake: string };
}

const port = parentPort;
if (port === null) throw new Error("This file is a thread's");

// Bound before user code exists, so that no prototype leads user code to the port.
const send = port.postMessage.bind(port) as (message: WorkerMessage) => void;
const runs = new CodeRuns(send);

function toUrl(script: ThreadJob["script"]): string {
  if ("mistake" in script) throw new RunnerFault("SyntaxError", script.mistake);
  return `data:text/javascript;base64,${Buffer.from(script.text).toString("base64")}`;
}

// A thread without pending work would end; a sandbox does not.
setInterval(() => {}, 1_000_000);
process.on("uncaughtException", (error) => runs.fail(error));
process.on("unhandledRejection", (reason) => runs.fail(reason));
Object.assign(globalThis, { self: globalThis });
captureConsole(takeNodeText(), () => runs.log);
captureNodeStreams((stream, bytes) => runs.log?.writeBytes(stream, bytes));
const work = new RealmTimers((callback, args) => callback(...(args as never[])));
const { nextTick: _, ...globals } = work.globals();
Object.assign(globalThis, globals);
restrictGlobals((fault) => runs.fail(fault));
port.on("message", (message: ThreadJob | ChannelMessage | CreditMessage) => {
  if (message.type !== "job") {
    runs.receive(message);
    return;
  }
  runs.start(message, {
    url: () => toUrl(message.script),
    load: async (_job, enter) => await makeCall(enter(await import(toUrl(message.script)))),
    again: async (module, enter) => await makeCall(enter(module)),
    database: () => import("../../runner-image/database/tool.ts"),
    work,
    announce: () => {},
    within: (_owner, call) => call(),
  });
});
send({ type: "ready" });
