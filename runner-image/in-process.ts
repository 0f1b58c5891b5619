/**
 * The worker side of level `none`. The host evaluates this module in a realm of its own process
 * and calls `open()`. User code finds the same environment as in a sandbox.
 */
import type { InProcessHost, InProcessWorker } from "../src/protocol/in-process.ts";
import { MODULE_NAME } from "../src/protocol/messages.ts";
import type { Call } from "./base/bare-call.ts";
import { apply } from "./base/primordials.ts";
import { CodeRuns } from "./code-runs.ts";
import { captureConsole } from "./console/methods.ts";
import { captureNodeStreams } from "./console/node-streams.ts";
import { takeNodeText } from "./console/node-text.ts";
import { restrictGlobals } from "./globals.ts";

const make = ({ callee, args }: Call): unknown => apply(callee as () => unknown, undefined, args);

export function open(host: InProcessHost): InProcessWorker {
  const runs = new CodeRuns(host.send);
  captureConsole(takeNodeText(), () => runs.log);
  captureNodeStreams((stream, bytes) => runs.log?.writeBytes(stream, bytes));
  restrictGlobals((fault) => runs.fail(fault));
  return {
    start(job) {
      runs.start(job, {
        url: () => MODULE_NAME,
        async load({ code, language }, enter) {
          const loading = await host.load({ code, language }, (module) => make(enter(module)));
          await loading.done;
          return await loading.value;
        },
        again: async (module, enter) => {
          return await host.again(module, (loaded) => make(enter(loaded))).value;
        },
        database: host.database,
        work: host.work,
        announce: host.announce,
        within: (_owner, call) => call(),
      });
    },
    receive: (message) => runs.receive(message),
    fail: (thrown) => runs.fail(thrown),
    close: () => runs.close(),
  };
}
