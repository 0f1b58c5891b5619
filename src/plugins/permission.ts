import type { Config } from "../config/config.ts";
import { databaseGrant } from "../config/database.ts";
import type { JobGrants, Profile } from "../engines/contract/contract.ts";
import type { PermsObject } from "../permissions/perms.ts";
import { type OperatorPolicy, type Plan, type PlanInput, plan } from "../permissions/plan.ts";
import type { JobFiles } from "../protocol/exchanged-files.ts";
import type { WorkerPermissions } from "../protocol/grants.ts";
import type { Tenant } from "../request/tenant.ts";
import type { IsolatePlugin, OpenedSecrets } from "./plugin.ts";
import { publicPlan } from "./public-plan.ts";
import { type TenantResources, tenantResources } from "./tenant-resources.ts";

/**
 * Plans the permissions of an execution, in both layers. An execution with a refused permission is
 * not run. Warnings go to the output, and in strict mode to the console as well.
 */
export const PermissionPlugin: IsolatePlugin = {
  name: "permission",
  required: ["guard", "toolset"],
  setup(api) {
    const { config } = api;
    const { ceiling } = config;
    const ownOf = tenantResources(config);
    const plain = new Map<string, Plan>();
    /**
     * Caches the plan of requests for no permissions, which are the most frequent. No ceiling
     * changes it.
     */
    const planOf = (input: PlanInput): Plan => {
      if (!asksForNothing(input)) return plan(input);
      const planned = plain.get(input.level) ?? plan(input);
      plain.set(input.level, planned);
      return planned;
    };
    api.onLoad.tap((context) => {
      const { level, request, toolPermissions: tools, profile, tenant, secrets } = context;
      const own = ownOf(tenant);
      const operator = policyOf(config, own);
      const { permissions: requested, secrets: named, bindings } = request;
      const env = named ? withSecrets(own.env, named, secrets) : own.env;
      const tenantCeiling = tenant.ceiling;
      const rules = { level, ceiling, tenantCeiling, operator };
      const files = context.files && plannedFiles(context.files);
      const planned = planOf({ ...rules, requested, tools, secrets: named, bindings, files });
      for (const warning of planned.warnings) if (config.strict) console.warn(warning);
      return {
        ...context,
        permissions: planned.permissions,
        plan: planned,
        grantable: (asked: PermsObject) =>
          plan({ ...rules, requested: asked, tools: [] }).refusals.length === 0,
        hasDatabase: () => databaseGrant(own.db) !== null,
        grants: grantsOf(planned, { ...own, env }, egressRequests(config, tenant)),
        profile: profileOf(profile, planned),
      };
    });
    api.onFormat.tap((output, context) => {
      const { explain } = context.request;
      const { warnings } = context.plan;
      if (warnings.length === 0 && !explain) return output;
      return {
        ...output,
        ...(warnings.length > 0 && { warnings: [...warnings, ...(output.warnings ?? [])] }),
        ...(explain && { plan: publicPlan(context, api.onWorker.call().engines) }),
      };
    });
  },
};

function asksForNothing({ requested, tools, secrets, bindings, files }: PlanInput): boolean {
  if (tools.length > 0 || secrets !== undefined || bindings !== undefined) return false;
  if (files !== undefined) return false;
  if (requested === "none") return true;
  const isPlain = requested !== null && Object.getPrototypeOf(requested) === Object.prototype;
  return isPlain && Reflect.ownKeys(requested as object).length === 0;
}

function plannedFiles({ given, wanted }: JobFiles): PlanInput["files"] {
  return {
    given: given.map(({ path, bytes }) => ({ path, bytes: bytes.length })),
    ...(wanted && { artifacts: wanted }),
  };
}

/**
 * Adds mounts for a container, and the network for a process that is granted some. A process sees
 * the host's files in place.
 */
function profileOf(profile: Profile, { level, mounts, worker }: Plan): Profile {
  if (level === "isolated" && worker.net.length > 0) return { ...profile, network: true };
  return level === "container" && mounts.length > 0 ? { ...profile, mounts } : profile;
}

function policyOf(
  { mounts, wildcards, isolatedNet = false, strict, egress }: Config,
  { env }: TenantResources,
): OperatorPolicy {
  return { mounts, env: Object.keys(env), wildcards, isolatedNet, strict, egress };
}

/** Builds the grants for the engine; `undefined` for a plan without permissions. */
function grantsOf(planned: Plan, own: TenantResources, requests: number): JobGrants | undefined {
  const { worker, egress, env, level, permissions } = planned;
  if (level === "none") return undefined;
  const granted = [worker.env, worker.net, worker.read, worker.write, worker.sys];
  const database = planned.database === null ? null : databaseGrant(own.db);
  const usesDatabase = database !== null;
  const { hrtime } = permissions;
  const anything = usesDatabase || hrtime || granted.some((list) => list.length > 0);
  if (!anything) return undefined;
  return {
    worker: {
      ...options(worker),
      ...(usesDatabase && { database: true }),
      ...(hrtime && { hrtime }),
    },
    env: Object.fromEntries(env.map((name) => [name, own.env[name] ?? ""])),
    egress: egress === null ? null : egress.allow,
    ...(egress !== null && { egressRequests: requests }),
    database: usesDatabase ? database : undefined,
  };
}

/** Adds the secrets that a request names to the variables. One of the same name is replaced. */
function withSecrets(
  env: TenantResources["env"],
  named: readonly string[],
  secrets: OpenedSecrets | undefined,
): TenantResources["env"] {
  const opened = named.map((name) => [name, secrets?.values.get(name) ?? ""] as const);
  return Object.fromEntries([...Object.entries(env), ...opened]);
}

/** A tenant's limit of requests narrows the operator's. */
function egressRequests({ egressRequests: most }: Config, tenant: Tenant): number {
  return Math.min(tenant.egressRequests ?? most, most);
}

/** Converts permissions to Deno's form, with `false` for an empty list. */
function options({ env, net, read, write, sys }: Plan["worker"]): WorkerPermissions {
  return {
    env: listed(env),
    net: net.includes("*") || listed(net),
    read: listed(read),
    write: listed(write),
    sys: listed(sys),
    run: false,
    ffi: false,
    import: false,
  };
}

function listed(list: readonly string[]): readonly string[] | false {
  return list.length > 0 && list;
}
