/** Values that go over the wire, as docs/api/ has them. Their schemas are those that the server checks by. */
import type { z } from "zod";
import type { execution, executionQuery, job } from "../contract/executions.ts";
import type {
  functionFields,
  invokeBody,
  shownFunction,
  shownVersion,
  wholeVersion,
} from "../contract/functions.ts";
import type {
  ownTenant,
  shownKey,
  shownSettings,
  shownTenant,
  tenantBody,
} from "../contract/tenants.ts";
import type { ExecuteRequest, Output, Usage } from "../request/types.ts";
import type { ProblemBody } from "./errors.ts";

/** The answer to an execution. */
export interface Answer<T = unknown> extends Output {
  /** Id of the execution, for `GET /executions/{id}`. */
  readonly id: string;
  result?: T;
}

/** Ways to ask for one execution. */
export interface RunOptions {
  /** Ends the execution, too. */
  readonly signal?: AbortSignal;
  /** Key of up to 255 characters: the same request with the same key runs once within a day. */
  readonly idempotencyKey?: string;
}

export interface SubmitOptions {
  /** URL that the answer is posted to, signed. */
  readonly callback?: string;
  readonly idempotencyKey?: string;
}

/** An execution that is answered for later. */
export interface Job<T = unknown> extends Readonly<Omit<z.output<typeof job>, "answer">> {
  /** Once it is done: what a request that waits would have had. */
  readonly answer?: Answer<T> | { readonly error: ProblemBody };
}

/** A request without its input, and the fields that make it a function. */
export interface Deployment
  extends Omit<ExecuteRequest, "code" | "input" | "explain" | "reuse">,
    z.input<typeof functionFields> {}

export interface FunctionInfo extends Readonly<z.output<typeof shownFunction>> {}

/** A version; one that is asked for by its number has its files, too. */
export interface FunctionVersion
  extends Readonly<z.output<typeof shownVersion>>,
    Readonly<Partial<Pick<z.output<typeof wholeVersion>, "files">>> {}

export interface Invocation extends Omit<z.input<typeof invokeBody>, "callback"> {}

/** An execution as the server remembers it: without its code and values. */
export interface Execution extends Readonly<z.output<typeof execution>> {
  readonly usage: Usage | null;
}

export interface ExecutionQuery extends Readonly<z.input<typeof executionQuery>> {}

/** Limits of a tenant; a field that is left out has the operator's value. */
export interface TenantSettings extends z.input<typeof tenantBody> {}

export interface TenantInfo extends Readonly<z.output<typeof shownTenant>> {}

/** A tenant as it sees itself. */
export interface OwnTenant
  extends Readonly<Partial<z.output<typeof shownSettings>>>,
    Readonly<Pick<z.output<typeof ownTenant>, "id" | "used">> {}

export interface KeyInfo extends Readonly<z.output<typeof shownKey>> {}
