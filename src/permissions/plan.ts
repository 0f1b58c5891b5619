import { withTunnels } from "../protocol/tunnels.ts";
import { grantBindings } from "./binding-grant.ts";
import { ceilingOf } from "./ceiling.ts";
import { judgeFiles, withFiles } from "./file-grant.ts";
import { merge } from "./merger.ts";
import { judgeEnv, judgeFfi, judgeRun, judgeSys } from "./name-grant.ts";
import { judgeNet, widened, workerNet } from "./net-grant.ts";
import { type ExplicitPerms, normalize } from "./normalizer.ts";
import { judgeRead, judgeWrite, mountsFor } from "./path-grant.ts";
import { LISTS, type ListName } from "./perms.ts";
import type { Plan, PlanInput, PlannedWorker } from "./plan-types.ts";
import { type PermissionRefusal, refuse, type Verdict } from "./refusal.ts";
import { type Shape, shape } from "./shape.ts";
import { validate } from "./validator.ts";

export type { OperatorPolicy, Plan, PlanInput, PlannedWorker } from "./plan-types.ts";
export { assertGranted, type PermissionRefusal } from "./refusal.ts";

/** Permissions asked for by one source. `field` is the prefix of their field names. */
type Source = Shape & {
  readonly field: string;
  readonly brokered: boolean;
  /** True for variables whose values are the tenant's secrets. No operator has to offer them. */
  readonly isSecret?: boolean;
};

interface Granted {
  readonly name: ListName;
  readonly value: string;
  readonly brokered: boolean;
}

const DATABASE_NOTE = "The host makes this connection: the URL and its password stay outside";
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
 * Decides the permissions of an execution. It grants what its request and its tools ask for,
 * within what the operator and the ceilings allow. Everything else is refused, element by element.
 * Granted elements are written out for each place that enforces them.
 *
 * @throws {Error} For a malformed ceiling.
 *
 * @example
 * const operator = { mounts: {}, env: [], wildcards: false, isolatedNet: false, strict: false };
 * const requested = { net: ["x.org:443", "*"] };
 * const { egress, refusals } = plan({ level: "container", requested, tools: [], operator });
 * [egress.allow, refusals[0].field] // [["x.org:443"], "permissions.net[1]"]
 */
export function plan(input: PlanInput): Plan {
  const { level, operator } = input;
  const exceeds = ceilingOf(input.ceiling, level);
  const exceedsTenant = ceilingOf(input.tenantCeiling, level, "the tenant's ceiling");
  const sources = sourcesOf(input);
  const refusals = sources.flatMap((source) => [...source.refusals]);
  const judge = (name: ListName, value: string, { brokered, isSecret }: Source): Verdict => {
    // Level "none" enforces nothing, so a refusal would only pretend.
    if (level === "none") return { granted: value };
    // The operator has named this destination, and the host connects to it for the sandbox.
    const verdict = brokered || isSecret ? { granted: value } : JUDGES[name](value, input);
    if (!("granted" in verdict)) return verdict;
    const { granted } = verdict;
    const reason = exceeds(name, granted) ?? exceedsTenant(name, granted);
    return reason === undefined ? verdict : { kind: "forbidden", reason };
  };
  const granted = grant(sources, judge, refusals);
  const ceilings = level === "none" ? [] : [input.ceiling, input.tenantCeiling];
  const hrtime = grantTime(sources, ceilings, refusals);
  const permissions = together(granted, hrtime);
  const direct = granted.filter(({ brokered }) => !brokered);
  const sandboxed = level === "none" ? normalize("none") : together(direct, false);
  const { files } = input;
  refusals.push(...judgeFiles(level, files));
  const bindings = input.bindings && grantBindings(level, input.bindings, sandboxed.net, refusals);
  return {
    level,
    tools: input.tools.map(({ name }) => name).sort(),
    permissions,
    worker: withFiles(workerOf(sandboxed, level), files),
    egress: level === "container" && sandboxed.net.length > 0 ? { allow: sandboxed.net } : null,
    ...(bindings && bindings.length > 0 && { bindings }),
    ...(files && { files }),
    database: databaseOf(granted),
    env: sandboxed.env,
    mounts: level === "container" ? mountsFor(sandboxed.read, operator.mounts) : [],
    warnings: [
      ...validate(permissions, operator.strict, () => {}),
      ...warningsOf(permissions, level),
    ],
    refusals,
  };
}

/** Lists the request, then the tools sorted by name, so that their order does not matter. */
function sourcesOf({ requested, tools, secrets }: PlanInput): Source[] {
  const asked = tools.map(({ name, permissions, brokered = false }) => ({
    field: `tools "${name}": permissions`,
    given: permissions as unknown,
    brokered,
  }));
  asked.sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0));
  const all = [{ field: "permissions", given: requested, brokered: false }, ...asked];
  const sources = all.map((source) => ({ ...source, ...shape(source.given, source.field) }));
  return secrets === undefined ? sources : [...sources, secretSource(secrets)];
}

/** Makes the source of a request's secrets. Its fields are `secrets[0]` and so on. */
function secretSource(secrets: readonly string[]): Source {
  const none = shape("none", "secrets");
  const env = secrets.map((value, index) => ({ field: `secrets[${index}]`, value }));
  const lists = { ...none.lists, env };
  return { ...none, lists, field: "secrets", brokered: false, isSecret: true };
}

function grant(
  sources: readonly Source[],
  judge: (name: ListName, value: string, source: Source) => Verdict,
  refusals: PermissionRefusal[],
): Granted[] {
  const granted: Granted[] = [];
  for (const source of sources) {
    const { lists, brokered } = source;
    for (const name of LISTS) {
      for (const { field, value } of lists[name]) {
        const verdict = judge(name, value, source);
        if ("granted" in verdict) granted.push({ name, value: verdict.granted, brokered });
        else refusals.push(refuse(field, value, verdict.kind, verdict.reason));
      }
    }
  }
  return granted;
}

/** Grants fine clocks if a source asks for them and every ceiling has them. */
function grantTime(
  sources: readonly Source[],
  ceilings: readonly PlanInput["ceiling"][],
  refusals: PermissionRefusal[],
): boolean {
  const isWithin = ceilings.every((top) => top === undefined || shape(top, "ceiling").hrtime);
  const asking = sources.filter(({ hrtime }) => hrtime);
  if (isWithin) return asking.length > 0;
  for (const { field } of asking) {
    refusals.push(refuse(`${field}.hrtime`, "true", "forbidden", "It exceeds the ceiling"));
  }
  return false;
}

function together(granted: readonly Granted[], hrtime: boolean): ExplicitPerms {
  return normalize(merge({ hrtime }, ...granted.map(({ name, value }) => ({ [name]: [value] }))));
}

function databaseOf(granted: readonly Granted[]): Plan["database"] {
  const hosts = granted.filter(({ name, brokered }) => brokered && name === "net");
  if (hosts.length === 0) return null;
  return { hosts: hosts.map(({ value }) => value), note: DATABASE_NOTE };
}

function workerOf(
  { env, net, read, write, sys }: ExplicitPerms,
  level: PlanInput["level"],
): PlannedWorker {
  const hosts = level === "container" ? withTunnels(workerNet(net)) : workerNet(net);
  return { env, net: hosts, read, write, sys, run: false, ffi: false, import: false };
}

function warningsOf(permissions: ExplicitPerms, level: PlanInput["level"]): string[] {
  const warnings: string[] = [];
  if (level === "isolated") warnings.push(...widened(permissions.net));
  const anything = permissions.hrtime || LISTS.some((name) => permissions[name].length > 0);
  if (level === "none" && anything) warnings.push('Level "none" enforces no permissions');
  return warnings;
}
