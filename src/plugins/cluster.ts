import type { IsolatePlugin } from "./plugin.ts";

/** Keeps sandboxes warm. Without it, each execution starts its own and waits for it. */
export const ClusterPlugin: IsolatePlugin = {
  name: "cluster",
  required: ["guard", "loader", "sandbox"],
  setup(api) {
    for (const engine of api.onWorker.call().engines) engine.prewarm();
  },
};
