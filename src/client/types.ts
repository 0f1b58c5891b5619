/**
 * Types of requests and answers, as in docs/api/. They follow from the schemas that the server
 * checks.
 */
import type { z } from "zod";
import type { auditEntry, auditQuery } from "../contract/audit.ts";
import type {
  anyExecution,
  anyExecutionQuery,
  anyJob,
  anyJobQuery,
  execution,
  executionQuery,
  job,
} from "../contract/executions.ts";
import type {
  deployedVersion,
  functionFields,
  invokeBody,
  redeployBody,
  shownFunction,
  shownVersion,
  wholeVersion,
} from "../contract/functions.ts";
import type { shownHost, tenantHost } from "../contract/hosts.ts";
import type { keyBody, newKey, shownKey } from "../contract/keys.ts";
import type { executionLogs, functionLogs, functionLogsQuery } from "../contract/logs.ts";
import type { shownNode } from "../contract/nodes.ts";
import type { setBody, shownSet, wholeSet } from "../contract/packages.ts";
import type { scheduleBody, shownRun, shownSchedule } from "../contract/schedules.ts";
import type { shownSecret } from "../contract/secrets.ts";
import type { sessionAnswer, shownSession } from "../contract/sessions.ts";
import type {
  ownTenant,
  replacedTenant,
  shownSettings,
  shownTenant,
  tenantBody,
  tenantWithUse,
} from "../contract/tenants.ts";
import type {
  adminUsageQuery,
  allUsage,
  denialsQuery,
  ownUsage,
  shownDenials,
  usageQuery,
} from "../contract/usage.ts";
import type { ExecuteRequest, LogEntry, Output, Usage } from "../request/types.ts";

export type { SessionExecution, SessionRequest } from "../request/session-request.ts";

import type { ProblemBody } from "./errors.ts";

/** The answer to an execution. */
export interface Answer<T = unknown> extends Output {
  /** Id of the execution, for `GET /executions/{id}`. */
  readonly id: string;
  result?: T;
}

/** A session that has not ended. */
export type Session = Readonly<z.output<typeof shownSession>>;

/** The answer to an execution in a session. */
export interface SessionAnswer<T = unknown> extends Answer<T> {
  /** Its session afterwards: `ended` has the reason if it has ended. */
  readonly session: Readonly<z.output<typeof sessionAnswer>["session"]>;
}

/** A resource type by its name, or the resource whose type is meant. */
export type PlannedType = { readonly type: string } | { readonly locator: string };

/** Options of one execution. */
export interface RunOptions {
  /** Ends the request and the execution when aborted. */
  readonly signal?: AbortSignal;
  /** Key of up to 255 characters: the same request with the same key runs once within a day. */
  readonly idempotencyKey?: string;
}

export interface SubmitOptions {
  /** URL that receives the signed answer by POST. */
  readonly callback?: string;
  readonly idempotencyKey?: string;
}

/** An execution that is answered later. */
export interface Job<T = unknown> extends Readonly<Omit<z.output<typeof job>, "answer">> {
  /** Answer or error of the finished job, the same as for a request that waits. */
  readonly answer?: Answer<T> | { readonly error: ProblemBody };
}

/** A request without its input, and the fields that make it a function. */
export interface Deployment
  extends Omit<
      ExecuteRequest,
      "code" | "input" | "explain" | "reuse" | "reuseKey" | "files" | "artifacts"
    >,
    z.input<typeof functionFields> {}

export interface FunctionInfo extends Readonly<z.output<typeof shownFunction>> {}

/**
 * A version of a function. A single version requested by its number includes its files and the lock of its
 * packages. One that was deployed just now includes warnings of its packages.
 */
export interface FunctionVersion
  extends Readonly<z.output<typeof shownVersion>>,
    Readonly<Partial<Pick<z.output<typeof wholeVersion>, "files" | "lock">>>,
    Readonly<Pick<z.output<typeof deployedVersion>, "warnings">> {}

export interface Redeployment extends Readonly<z.input<typeof redeployBody>> {}

/** A host name that the tenant has asked for. */
export interface HostInfo extends Readonly<z.output<typeof shownHost>> {}

/** A host name and its tenant, for the operator. */
export interface TenantHostInfo extends Readonly<z.output<typeof tenantHost>> {}
/** A secret without its value. */
export interface Secret extends Readonly<z.output<typeof shownSecret>> {}

/** Packages of a prepared set. */
export interface PackageSetRequest extends z.input<typeof setBody> {}

/** A prepared set of packages. A single set requested by its name includes its lock. */
export interface PackageSet
  extends Readonly<z.output<typeof shownSet>>,
    Readonly<Partial<Pick<z.output<typeof wholeSet>, "lock" | "warnings">>> {}

export interface Invocation extends Omit<z.input<typeof invokeBody>, "callback"> {}

/** Times at which a function is called, and with what. */
export interface ScheduleSettings extends z.input<typeof scheduleBody> {}

export interface Schedule extends Readonly<z.output<typeof shownSchedule>> {}

/** A due time of a schedule, and how it was served. */
export interface ScheduleRun extends Readonly<z.output<typeof shownRun>> {}

/** An execution in the server's history, without its code and values. */
export interface Execution extends Readonly<z.output<typeof execution>> {
  readonly usage: Usage | null;
}

export interface ExecutionQuery extends Readonly<z.input<typeof executionQuery>> {}

/** Log entries of an execution: all that are kept of it, or those so far. */
export interface ExecutionLogs extends Readonly<z.output<typeof executionLogs>> {
  readonly logs: LogEntry[];
}

/** Log entries of one execution of a function, or some of them. */
export interface FunctionLogs extends Readonly<z.output<typeof functionLogs>> {
  readonly logs: LogEntry[];
}

export interface FunctionLogsQuery extends Readonly<z.input<typeof functionLogsQuery>> {}

/** Limits of a tenant. An omitted field has the operator's value. */
export interface TenantSettings extends z.input<typeof tenantBody> {}

/** A merge patch (RFC 7396): `null` removes a field, what is left out stays. */
export type MergePatch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Name in keyof T]?: MergePatch<T[Name]> | null }
    : T;

/** Changes of a tenant's limits. */
export type TenantPatch = MergePatch<TenantSettings>;

/** A tenant. One that was replaced includes warnings, a single one requested by its id its use. */
export interface TenantInfo
  extends Readonly<z.output<typeof shownTenant>>,
    Readonly<Pick<z.output<typeof replacedTenant>, "warnings">>,
    Readonly<Partial<Pick<z.output<typeof tenantWithUse>, "used">>> {}

/** Condition for a change of a tenant. */
export interface TenantCondition {
  /** `ETag` that its settings must have. */
  readonly ifMatch?: string;
  /** True if there must be no such tenant yet. */
  readonly isNew?: boolean;
}

/** A tenant as it sees itself. */
export interface OwnTenant
  extends Readonly<Partial<z.output<typeof shownSettings>>>,
    Readonly<Pick<z.output<typeof ownTenant>, "id" | "used">> {}

export interface UsageQuery extends Readonly<z.input<typeof usageQuery>> {}

/** Use of a tenant by day or function, beside its limits. */
export interface OwnUsage extends Readonly<z.output<typeof ownUsage>> {}

export interface DenialsQuery extends Readonly<z.input<typeof denialsQuery>> {}

/** Refused accesses of a tenant's code, the most frequent first. */
export interface Denials extends Readonly<z.output<typeof shownDenials>> {}

export interface AdminUsageQuery extends Readonly<z.input<typeof adminUsageQuery>> {}

/** Use of all tenants, by tenant or day. */
export interface AllUsage extends Readonly<z.output<typeof allUsage>> {}

/** A server among those that share a store. */
export interface NodeInfo extends Readonly<z.output<typeof shownNode>> {}

export interface KeyInfo extends Readonly<z.output<typeof shownKey>> {}

/** Label, scopes and end of a new key. */
export interface KeyRequest extends Readonly<z.input<typeof keyBody>> {}

/** A new key. Only this answer has its text. */
export interface NewKey extends Readonly<z.output<typeof newKey>> {}

/** An execution of any tenant, for the administrator. */
export interface AnyExecution extends Readonly<z.output<typeof anyExecution>> {
  readonly usage: Usage | null;
}

export interface AnyExecutionQuery extends Readonly<z.input<typeof anyExecutionQuery>> {}

/** An execution of any tenant that is answered later, without its answer. */
export interface AnyJob extends Readonly<z.output<typeof anyJob>> {}

export interface AnyJobQuery extends Readonly<z.input<typeof anyJobQuery>> {}

/** An administrative change. */
export interface AuditEntry extends Readonly<z.output<typeof auditEntry>> {}

export interface AuditQuery extends Readonly<z.input<typeof auditQuery>> {}
