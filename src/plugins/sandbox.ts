import { BadRequest, EngineUnavailable } from "../base/errors.ts";
import type { Engine } from "../engines/contract/contract.ts";
import type { SandboxLevel } from "../request/types.ts";
import type { IsolatePlugin } from "./plugin.ts";

const NO_TRUST =
  'sandbox: Level "none" is for trusted code in a library, and not offered here; there is "isolated" and "container"';

const UNAVAILABLE: Record<Exclude<SandboxLevel, "none">, string> = {
  container:
    'This host runs no containers (ISOLATE_ENGINE=none). Ask for {"sandbox":"isolated"} if one layer of isolation is enough',
  isolated: "This host runs containers only",
};

/** Offers the engines of this host as `onWorker`. Executions run in them. */
export function SandboxPlugin(engines: readonly Engine[]): IsolatePlugin {
  return {
    name: "sandbox",
    required: ["guard", "loader"],
    setup(api) {
      const engine = (level: SandboxLevel): Engine => {
        const found = engines.find((candidate) => candidate.level === level);
        if (found !== undefined) return found;
        // A host may be without its containers for a while, but one without level `none` never runs
        // it.
        if (level === "none") throw new BadRequest("sandbox", NO_TRUST);
        throw new EngineUnavailable(UNAVAILABLE[level]);
      };
      api.onWorker.tap(() => ({ engine, engines }));
    },
  };
}

/**
 * Keeps sandboxes warm. Without this plugin, each execution starts its own sandbox and waits for
 * it.
 */
export const ClusterPlugin: IsolatePlugin = {
  name: "cluster",
  required: ["guard", "loader", "sandbox"],
  setup(api) {
    for (const engine of api.onWorker.call().engines) engine.prewarm();
  },
};
