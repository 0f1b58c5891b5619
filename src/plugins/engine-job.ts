import type {
  ExecuteOptions,
  Job,
  Outcome,
  ReadResult,
  Reuse,
} from "../engines/contract/contract.ts";
import { toOutput } from "../engines/explain/outcome.ts";
import { codeReuseKey, tenantReuseKey } from "../engines/run/reuse.ts";
import { CALLS_TOOL, type CallsConfig } from "../protocol/calls.ts";
import { MAX_RESULT_BYTES, OUTPUT_LIMITS } from "../protocol/limits.ts";
import { redactedArtifacts } from "../redaction/artifacts.ts";
import { redactedOutput } from "../redaction/output.ts";
import { tenantKey } from "../request/tenant.ts";
import type { Output, SandboxLevel } from "../request/types.ts";
import type { Context } from "./plugin.ts";

/** Limits of a resource type: its result may be as large as its input. */
const TYPE_LIMITS = { ...OUTPUT_LIMITS, resultBytes: MAX_RESULT_BYTES };

/** Returns the job that an engine runs for a loaded execution. */
export function jobOf(context: Context): Job {
  const { request, input, callContext, exchange, typeCall, files } = context;
  const tools = withCalls(context);
  const grants = grantsOf(context);
  const { code, entry, language } = request;
  const job = { code, entry, ...(language && { language }), tools, limits: OUTPUT_LIMITS, grants };
  if (typeCall !== undefined) {
    const { attachments = [], result = "json" } = typeCall;
    return { ...job, input, attachments, result, limits: TYPE_LIMITS };
  }
  if (exchange === undefined) {
    return { ...job, input, ...(callContext && { callContext }), ...(files && { files }) };
  }
  const attachments = exchange.body && [exchange.body];
  const { request: httpRequest } = exchange;
  return { ...job, input: undefined, httpRequest, ...(attachments && { attachments }) };
}

/** Adds the tool by which code calls functions of its caller, if the request declares any. */
function withCalls({ request: { functions }, tools }: Context): Context["tools"] {
  if (functions === undefined) return tools;
  const config: CallsConfig = { names: Object.keys(functions) };
  return [...tools, { name: CALLS_TOOL, config }];
}

/** Returns the options with which the engine runs the job. */
export function optionsOf(context: Context, readResult: ReadResult | undefined): ExecuteOptions {
  const { request, tenant, profile, channel, calls, observer, exchange, signal } = context;
  const { grantable, hasDatabase, session } = context;
  return {
    profile,
    timeout: request.timeout,
    queueTimeout: request.queueTimeout,
    tenant: tenant.id,
    reuse: reuseOf(context),
    channel,
    calls,
    observer,
    responseReceiver: exchange,
    signal,
    readResult,
    grantable,
    hasDatabase,
    session,
  };
}

/** Returns the output of a job that has ended, without the values of its secrets. */
export function outputOf(outcome: Outcome, level: SandboxLevel, context: Context): Output {
  const { grantable, secrets, exchange } = context;
  exchange?.flush?.();
  if (secrets === undefined) return toOutput(outcome, level, grantable);
  const { redactor } = secrets;
  const artifacts = outcome.artifacts && redactedArtifacts(outcome.artifacts, redactor);
  return redactedOutput(toOutput({ ...outcome, artifacts }, level, grantable), redactor);
}

/** Adds the values of bound secrets to the grants. They go to the proxy, and not into the sandbox. */
function grantsOf({ grants, plan, secrets }: Context): Job["grants"] {
  const { bindings } = plan;
  if (grants === undefined || bindings === undefined) return grants;
  const opened = bindings.map(({ secret, ...binding }) => {
    const value = secrets?.values.get(secret);
    if (value === undefined) throw new Error("A binding has no value");
    return { ...binding, secret: value };
  });
  return { ...grants, bindings: opened };
}

/** Returns the key that all executions of a session have. */
export function sessionKey({ tenant, tools, grants, plan, profile, secrets }: Context): string {
  const owner = tenantKey(tenant);
  const parts = { tools, grants, bindings: plan.bindings, secrets: secrets?.values, profile };
  return codeReuseKey({ tenant: owner, code: "", entry: "", ...parts });
}

function reuseOf(context: Context): Reuse | undefined {
  const { request, tenant, tools, grants, plan, profile } = context;
  const secrets = context.secrets?.values;
  const { code, entry, language, reuse, reuseKey: user } = request;
  const owner = tenantKey(tenant);
  if (reuse === "never") return undefined;
  if (reuse === "tenant") return { key: tenantReuseKey(owner, user, secrets), scope: "tenant" };
  return {
    key: codeReuseKey({
      tenant: owner,
      user,
      code,
      entry,
      language,
      tools,
      grants,
      bindings: plan.bindings,
      secrets,
      profile,
    }),
  };
}
