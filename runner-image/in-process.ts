/**
 * The worker side of level `none`. The host evaluates this module in a realm of its own process
 * and calls `open()`. User code finds the same environment as in a sandbox.
 */
import type { InProcessHost, InProcessWorker } from "../src/protocol/in-process.ts";
import { MODULE_NAME } from "../src/protocol/messages.ts";
import { CodeRuns } from "./code-runs.ts";
import { captureConsole } from "./console/methods.ts";
import { captureNodeStreams } from "./console/node-streams.ts";
import { takeNodeText } from "./console/node-text.ts";
import { restrictGlobals } from "./globals.ts";
import { trackTimers } from "./timers.ts";

export function open(host: InProcessHost): InProcessWorker {
  const runs = new CodeRuns(host.send);
  captureConsole(takeNodeText(), () => runs.log);
  captureNodeStreams((stream, bytes) => runs.log?.writeBytes(stream, bytes));
  trackTimers();
  restrictGlobals((fault) => runs.fail(fault));
  return {
    start(job) {
      runs.start(job, {
        url: () => MODULE_NAME,
        async load({ code, language }, call) {
          const loading = await host.load({ code, language }, call);
          await loading.done;
          return await loading.value;
        },
        again: async (module, call) => await host.again(module, call).value,
        database: host.database,
      });
    },
    receive: (message) => runs.receive(message),
    fail: (thrown) => runs.fail(thrown),
    close: () => runs.close(),
  };
}
