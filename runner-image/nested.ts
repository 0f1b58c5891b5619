/** First module of a worker that user code creates. */
import { OUTPUT_LIMITS } from "../src/protocol/limits.ts";
import { tellUrls } from "./base/blob-urls.ts";
import { apply, nextTurn } from "./base/primordials.ts";
import { coarsenClocks } from "./clocks/coarse.ts";
import { hideTimerRecords } from "./clocks/timers.ts";
import { takeDenoText } from "./console/deno-text.ts";
import { define } from "./console/lists.ts";
import { ConsoleLog } from "./console/log.ts";
import { captureConsole } from "./console/methods.ts";
import { type NestedEntry, takeNested } from "./console/nested-output.ts";
import { captureStreams } from "./console/streams.ts";
import { closeInternals } from "./internals.ts";
import { internalsOf } from "./internals-of.ts";
import { replaceVariables } from "./variables.ts";

/** True with the permission `hrtime`. The worker that makes the prelude sets it before this text. */
declare const HRTIME: boolean;
/** Property of messages that are output. Set in the same place. */
declare const OUTPUT_MARK: string;

/** Names of the variables that it may read, set in the same way. */
declare const ENV: readonly string[] | boolean;

const send = postMessage as (message: object) => void;
let told = 0;
let flushing = false;

const log = new ConsoleLog(OUTPUT_LIMITS, (message) => {
  if (message.type === "log") sendOutput(message);
  if (message.type === "dropped") {
    // The creator adds up what all its workers have dropped.
    sendOutput({ dropped: message.count - told });
    told = message.count;
  }
});

/** Sends output on the way of the code's own messages, so that it arrives in their order. */
function sendOutput(output: NestedEntry): void {
  const message = { __proto__: null };
  define(message, OUTPUT_MARK, output);
  apply(send, globalThis, [message]);
}

/** Ends lines that have begun, as nothing says when this worker ends. */
function flushSoon(): void {
  if (flushing) return;
  flushing = true;
  nextTurn(() => {
    flushing = false;
    log.flush();
  });
}

const tell = (url: string, gone: boolean): void => sendOutput({ url, gone });
tellUrls(tell);
if (!HRTIME) hideTimerRecords(internalsOf(Deno).core);
const text = takeDenoText();
captureStreams((stream, bytes) => {
  log.writeBytes(stream, bytes);
  flushSoon();
});
closeInternals(
  () => import.meta.url,
  { mark: OUTPUT_MARK, taker: () => (output) => takeNested(output, log, tell) },
  () => "data:text/javascript,",
);
replaceVariables(Reflect.get(globalThis, "process"), ENV, () => {});
if (!HRTIME) coarsenClocks();
captureConsole(text, () => log);
