import { withTunnels } from "../protocol/tunnels.ts";
import { ceilingOf } from "./ceiling.ts";
import { merge } from "./merger.ts";
import { judgeEnv, judgeFfi, judgeRun, judgeSys } from "./name-grant.ts";
import { judgeNet, widened, workerNet } from "./net-grant.ts";
import { type ExplicitPerms, normalize } from "./normalizer.ts";
import { judgeRead, judgeWrite, mountsFor } from "./path-grant.ts";
import { LISTS, type ListName } from "./perms.ts";
import type { Plan, PlanInput, WorkerPermissions } from "./plan-types.ts";
import { type Refusal, refuse, type Verdict } from "./refusal.ts";
import { type Shape, shape } from "./shape.ts";
import { validate } from "./validator.ts";

export type { OperatorPolicy, Plan, PlanInput, WorkerPermissions } from "./plan-types.ts";
export { assertGranted, type Refusal } from "./refusal.ts";

/** What is asked for in one place, which fields of it begin with. */
type Source = Shape & { readonly field: string };
type Judge = (value: string, input: PlanInput) => Verdict;

const JUDGES: Readonly<Record<ListName, Judge>> = {
  env: (name, { operator }) => judgeEnv(name, operator.env),
  net: judgeNet,
  read: judgeRead,
  write: judgeWrite,
  run: judgeRun,
  ffi: judgeFfi,
  sys: judgeSys,
};

/**
 * Decides what an execution gets: what its request and its tools ask for, within what the
 * operator and the tenant's ceiling allow. Everything else is refused, element by element, and
 * whatever is granted is spelled out for each place that enforces it. Throws only for a malformed
 * ceiling.
 *
 * @example
 * const operator = { mounts: {}, env: [], wildcards: false, isolatedNet: false, strict: false };
 * const requested = { net: ["x.org:443", "*"] };
 * const { egress, refusals } = plan({ level: "container", requested, tools: [], operator });
 * [egress.allow, refusals[0].field] // [["x.org:443"], "permissions.net[1]"]
 */
export function plan(input: PlanInput): Plan {
  const { level, operator } = input;
  const within = ceilingOf(input.ceiling, level);
  const sources = sourcesOf(input);
  const refusals = sources.flatMap((source) => [...source.refusals]);
  const judge = (name: ListName, value: string): Verdict => {
    // Nothing enforces anything at this level, so that refusing would only pretend.
    if (level === "none") return { granted: value };
    const verdict = JUDGES[name](value, input);
    if (!("granted" in verdict) || within(name, verdict.granted)) return verdict;
    return { kind: "forbidden", reason: "exceeds what the tenant may have" };
  };
  const permissions = grant(sources, judge, level, refusals);
  const sandboxed = level === "none" ? normalize("none") : permissions;
  return {
    level,
    tools: input.tools.map(({ name }) => name).sort(),
    permissions,
    worker: workerOf(sandboxed, level),
    egress: level === "container" && permissions.net.length > 0 ? { allow: permissions.net } : null,
    env: sandboxed.env,
    mounts: level === "container" ? mountsFor(permissions.read, operator.mounts) : [],
    warnings: [
      ...validate(permissions, operator.strict, () => {}),
      ...warningsOf(sources, permissions, level),
    ],
    refusals,
  };
}

/** The request, and the tools in an order that does not depend on theirs. */
function sourcesOf({ requested, tools }: PlanInput): Source[] {
  const asked = tools.map(({ name, permissions }) => ({
    field: `tools "${name}": permissions`,
    given: permissions as unknown,
  }));
  asked.sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0));
  const all = [{ field: "permissions", given: requested }, ...asked];
  return all.map(({ field, given }) => ({ field, ...shape(given, field) }));
}

function grant(
  sources: readonly Source[],
  judge: (name: ListName, value: string) => Verdict,
  level: PlanInput["level"],
  refusals: Refusal[],
): ExplicitPerms {
  const granted: { name: ListName; value: string }[] = [];
  for (const { lists } of sources) {
    for (const name of LISTS) {
      for (const { field, value } of lists[name]) {
        const verdict = judge(name, value);
        if ("granted" in verdict) granted.push({ name, value: verdict.granted });
        else refusals.push(refuse(field, value, verdict.kind, verdict.reason));
      }
    }
  }
  // No sandbox can make its clock finer, so that there it is never granted.
  const hrtime = level === "none" && sources.some((source) => source.hrtime);
  return normalize(merge({ hrtime }, ...granted.map(({ name, value }) => ({ [name]: [value] }))));
}

function workerOf(
  { env, net, read, write, sys }: ExplicitPerms,
  level: PlanInput["level"],
): WorkerPermissions {
  const hosts = level === "container" ? withTunnels(workerNet(net)) : workerNet(net);
  return { env, net: hosts, read, write, sys, run: false, ffi: false, import: false };
}

function warningsOf(
  sources: readonly Source[],
  permissions: ExplicitPerms,
  level: PlanInput["level"],
): string[] {
  const warnings = sources
    .filter(({ hrtime }) => hrtime)
    .map(({ field }) => `${field}.hrtime has no effect: the sandbox's clock is what it is`);
  if (level === "isolated") warnings.push(...widened(permissions.net));
  const anything = permissions.hrtime || LISTS.some((name) => permissions[name].length > 0);
  if (level === "none" && anything) warnings.push('Level "none" enforces no permissions');
  return warnings;
}
