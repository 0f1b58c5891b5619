import { BadRequest, EngineUnavailable } from "../base/errors.ts";
import type { Engine, Job, ReadResult } from "../engines/contract/contract.ts";
import { toOutput } from "../engines/explain/outcome.ts";
import { reuseKey } from "../engines/run/reuse.ts";
import { DEFAULT_OUTPUT_LIMITS } from "../protocol/limits.ts";
import { tenantKey } from "../request/tenant.ts";
import type { Output, SandboxLevel } from "../request/types.ts";
import type { Context, IsolatePlugin } from "./plugin.ts";

const NO_TRUST =
  'sandbox: Level "none" is for trusted code in a library, and not offered here; there is "isolated" and "container"';

const UNAVAILABLE: Record<Exclude<SandboxLevel, "none">, string> = {
  container:
    'This host runs no containers (ISOLATE_ENGINE=none). Ask for {"sandbox":"isolated"} if one layer of isolation is enough',
  isolated: "This host runs containers only",
};

/** Runs executions in the engines of this host, and offers those to others as `onWorker`. */
export function SandboxPlugin(engines: readonly Engine[]): IsolatePlugin {
  return {
    name: "sandbox",
    required: ["guard", "loader"],
    setup(api) {
      const engine = (level: SandboxLevel): Engine => {
        const found = engines.find((candidate) => candidate.level === level);
        if (found !== undefined) return found;
        // A host that offers containers may be without them for a while; this one never runs it.
        if (level === "none") throw new BadRequest("sandbox", NO_TRUST);
        throw new EngineUnavailable(UNAVAILABLE[level]);
      };
      api.onWorker.tap(() => ({ engine, engines }));
    },
  };
}

/** The core of every execution, inside all wrappers: one job through the engine of its level. */
export async function runInSandbox(
  engine: Engine,
  context: Context,
  readResult?: ReadResult,
): Promise<Output> {
  const { request, tools, grants, profile, channel, observer, exchange, signal } = context;
  const tenant = context.tenant.id;
  const { code, entry, timeout } = request;
  const again = request.reuse === "code";
  const reuse = again
    ? { key: reuseKey({ tenant: tenantKey(context.tenant), code, entry, tools, grants, profile }) }
    : undefined;
  const job = {
    code,
    entry,
    tools,
    limits: DEFAULT_OUTPUT_LIMITS,
    grants,
    ...argumentsOf(context),
  };
  const options = {
    profile,
    timeout,
    tenant,
    reuse,
    channel,
    observer,
    responseReceiver: exchange,
    signal,
    readResult,
  };
  const outcome = await engine.execute(job, options);
  return toOutput(outcome, engine.level);
}

/** What the entry is called with. */
function argumentsOf({
  exchange,
  input,
}: Context): Pick<Job, "input" | "httpRequest" | "attachments"> {
  if (exchange === undefined) return { input };
  const { request, body } = exchange;
  return { input: undefined, httpRequest: request, ...(body && { attachments: [body] }) };
}
