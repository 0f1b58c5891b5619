/**
 * A worker's insides for level `none`. The host evaluates this in a realm of its own process and
 * calls `open()`: everything user code meets there is what it meets in a sandbox.
 */
import type { InlineHost, InlineWorker } from "../src/engines/inline/inside.ts";
import { MODULE_NAME } from "../src/protocol/messages.ts";
import { captureConsole } from "./console.ts";
import { restrictGlobals } from "./globals.ts";
import { Run } from "./run.ts";
import { trackTimers } from "./timers.ts";

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
        database: host.database,
      });
    },
    receive: (message) => current?.receive(message),
    fail: (thrown) => current?.fail(thrown),
    close: () => current?.close(),
  };
}
