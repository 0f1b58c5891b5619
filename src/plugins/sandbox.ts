import { BadRequest, EngineUnavailable } from "../base/errors.ts";
import type { Engine } from "../engines/contract/contract.ts";
import { SOLE_TENANT } from "../request/tenant.ts";
import type { SandboxLevel } from "../request/types.ts";
import { jobOf, optionsOf, outputOf } from "./engine-job.ts";
import type { Factory, IsolatePlugin, Process, SpawnOptions } from "./plugin.ts";

const NO_TRUST =
  'sandbox: Level "none" is for trusted code in a library, and not offered here; there is "isolated" and "container"';

const UNAVAILABLE: Record<Exclude<SandboxLevel, "none">, string> = {
  container:
    'This host runs no containers (ISOLATE_ENGINE=none). Ask for {"sandbox":"isolated"} if one layer of isolation is enough',
  isolated: "This host runs containers only",
};

/** Offers the engines of this host as `onWorker`. Executions run in them. */
export const SandboxPlugin: IsolatePlugin = {
  name: "sandbox",
  required: ["guard", "loader"],
  setup(api) {
    const { config, host } = api;
    const { engines } = host;
    const engine = (level: SandboxLevel): Engine => {
      const found = engines.find((candidate) => candidate.level === level);
      if (found !== undefined) return found;
      // A host may be without its containers for a while, but one without level `none` never runs
      // it.
      if (level === "none") throw new BadRequest("sandbox", NO_TRUST);
      throw new EngineUnavailable(UNAVAILABLE[level]);
    };
    const { sandbox = "container", queueTimeout, memory, cpus } = config;
    const spawn = async (options: SpawnOptions = {}): Promise<Process> => {
      const { level = sandbox, profile = { memory, cpus }, tenant = SOLE_TENANT } = options;
      return engine(level).spawn({ profile, queueTimeout, tenant: tenant.id });
    };
    api.onWorker.tap(() => ({ engine, engines, spawn, runner: runnerBy(engine) }));
  },
};

function runnerBy(engine: (level: SandboxLevel) => Engine): Factory["runner"] {
  return (process, timeout) => async (context) => {
    const options = { ...optionsOf(context, undefined), timeout, process };
    return context.account.run(context, async () => {
      const outcome = await engine(process.level).execute(jobOf(context), options);
      return outputOf(outcome, process.level, context);
    });
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
