import { messageOf } from "../src/base/errors.ts";
import type { Profile, Sandbox } from "../src/engines/contract/contract.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { FLAG_PROBES } from "./flag-probes.ts";
import { IN_GVISOR } from "./gvisor.ts";
import { HOST_PROBES } from "./host-probes.ts";
import { LIMIT_PROBES } from "./limit-probes.ts";
import { type Facts, matches, type Probe, runProbe } from "./probe.ts";
import { ATTEMPTS, REFUSAL } from "./worker-probe.ts";

/** An address for documentation (RFC 5737): no machine has it, and no packet reaches it. */
const UPSTREAM = "192.0.2.1";
const MAX_FACTS = 300;
const MEMORY = 256;

/** Starts a sandbox for probes. */
export type Launch = (profile: Profile) => Promise<Sandbox>;

/** Functions that start sandboxes whose Worker has every permission. */
export interface OpenLaunches {
  readonly asNobody: Launch;
  /** Starts one as root. All other flags stay. */
  readonly asRoot: Launch;
}

/**
 * Tries to escape from sandboxes whose Worker has every permission, so that only the container
 * holds the code. Yields a finding for each protection of the container.
 */
export async function* checkContainer(
  { asNobody, asRoot }: OpenLaunches,
  runtime: string | undefined,
  wanted: readonly Probe[] = [...HOST_PROBES, ...LIMIT_PROBES, ...FLAG_PROBES],
): AsyncGenerator<Finding> {
  const inGVisor = runtime?.startsWith("runsc") ?? false;
  const probes = wanted.flatMap((probe): Probe[] => {
    const { unseen, holds = probe.holds } = (inGVisor && IN_GVISOR[probe.flag]) || {};
    return unseen === undefined ? [{ ...probe, holds }] : [];
  });
  const shared = probes.filter(({ alone }) => !alone);
  yield* checkTogether(
    asNobody,
    shared.filter(({ root }) => !root),
  );
  yield* checkTogether(
    asRoot,
    shared.filter(({ root }) => root),
  );
  for (const probe of probes.filter(({ alone }) => alone)) {
    yield judge(probe, await inSandbox(asNobody, probe, probe.code));
  }
}

/** Runs probes one after the other in one sandbox. */
async function* checkTogether(launch: Launch, probes: readonly Probe[]): AsyncGenerator<Finding> {
  if (probes.length === 0) return;
  const seen = await inSandbox(launch, {}, sequence(probes));
  const all = (seen.facts ?? {}) as Readonly<Record<string, Facts>>;
  for (const probe of probes) yield judge(probe, all[probe.flag] ?? seen);
}

/** Tries actions that need a permission, in a normal sandbox, without any permission. */
export async function checkWorker(check: string, launch: Launch): Promise<Finding> {
  const { ended, ...answers } = await inSandbox(launch, {}, ATTEMPTS);
  const done = Object.entries(answers).filter(([, answer]) => !REFUSAL.test(String(answer)));
  const tried = Object.keys(answers).length;
  if (ended === "result" && tried > 0 && done.length === 0) {
    return ok(check, `The Worker's permissions alone refuse ${tried} ways out`);
  }
  const said = shown(ended === "result" ? Object.fromEntries(done) : { ended, ...answers });
  return fail(check, `The Worker lets code do what it must not: ${said}`, REPORT);
}

const REPORT = "Serve nobody with it; reinstall the locked packages, and see SECURITY.md";
const IGNORED =
  "Serve nobody with it: the engine, its runtime or the kernel does not do what it was told. Update them, or see docs/operate/troubleshooting.md#the-engine";

function judge({ flag, what, holds, unclear }: Probe, facts: Facts): Finding {
  const check = `escape ${flag}`;
  if (matches(facts, holds)) return ok(check, `Without the Worker, ${what}`);
  if (unclear !== undefined && matches(facts, unclear.facts)) {
    return warn(check, `It does not show whether ${what}`, unclear.advice);
  }
  const said = `Without the Worker, it does not hold that ${what}. Seen: ${shown(facts)}`;
  return fail(check, said, IGNORED);
}

/** Joins the code of many probes into one body that runs them one after the other. */
export function sequence(probes: readonly Pick<Probe, "flag" | "code">[]): string {
  const steps = probes.map(
    ({ flag, code }) => `facts[${JSON.stringify(flag)}] = await saw(async () => {${code}});`,
  );
  return `
    const facts = {};
    const saw = async (look) => {
      try {
        return { ...(await look()), ended: "result" };
      } catch (error) {
        return { ended: "error", message: error.message };
      }
    };
    ${steps.join("\n")}
    return { facts };`;
}

async function inSandbox(
  launch: Launch,
  { cpus = 1 }: Pick<Probe, "cpus">,
  code: string,
): Promise<Facts> {
  try {
    const sandbox = await launch({ memory: MEMORY, cpus });
    try {
      return await runProbe(sandbox, code, UPSTREAM);
    } finally {
      await sandbox.destroy();
    }
  } catch (error) {
    return { ended: "never", message: messageOf(error) };
  }
}

/** Shows facts from a sandbox that may have no protection: short, in printable characters. */
function shown(facts: Facts): string {
  return JSON.stringify(facts).slice(0, MAX_FACTS);
}
