/** What goes over the wire, as docs/api/ has it. */
import type { Perms } from "../permissions/perms.ts";
import type { ExecuteRequest, OutcomeName, Output, SandboxLevel, Usage } from "../request/types.ts";
import type { ProblemBody } from "./errors.ts";

/** The answer to an execution. */
export interface Answer<T = unknown> extends Output {
  /** Of the execution: `GET /executions/{id}` has it. */
  readonly id: string;
  readonly outcome: OutcomeName;
  readonly usage: Usage;
  result?: T;
}

/** How one execution is asked for. */
export interface RunOptions {
  /** Ends the execution, too. */
  readonly signal?: AbortSignal;
  /** Up to 255 characters: the same request with the same key is run once, within a day. */
  readonly idempotencyKey?: string;
}

/** An execution that is answered for later. */
export interface Job<T = unknown> {
  readonly id: string;
  readonly status: "queued" | "running" | "done" | "cancelled";
  /** How often it has been started. */
  readonly attempts: number;
  readonly acceptedAt: string;
  readonly finishedAt: string | null;
  /** Once it is done: what a request that waits would have had. */
  readonly answer?: Answer<T> | { readonly error: ProblemBody };
}

export interface SubmitOptions {
  /** URL that the answer is posted to, signed. */
  readonly callback?: string;
  readonly idempotencyKey?: string;
}

/** Everything of an execution but its code and input, and what makes it a function. */
export interface Deployment extends Omit<ExecuteRequest, "code" | "input" | "explain"> {
  /** One module; or else `files`. */
  code?: string;
  /** Path → text of several modules. */
  files?: Record<string, string>;
  /** The path among `files` that is called. Default `main.ts`. */
  main?: string;
  /** `http`: answers a `Request` with a `Response`. Default `value`. */
  kind?: "value" | "http";
  /** Whether `/f/…` serves it without a key. Default false. */
  public?: boolean;
}

export interface FunctionInfo {
  readonly name: string;
  readonly kind: "value" | "http";
  /** The version that is called. */
  readonly current: number;
  readonly latest: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface FunctionVersion {
  readonly name: string;
  readonly version: number;
  readonly kind: "value" | "http";
  /** Path among its files of the module that is called. */
  readonly main: string;
  readonly public: boolean;
  /** What it is run with, as it was deployed. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Path of an HTTP function. */
  readonly url?: string;
  readonly createdAt: string;
  /** Path → text; only of a version that is asked for by its number. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Invocation {
  input?: unknown;
  /** Default: the one that is called. */
  version?: number;
}

/** What is remembered of an execution: neither its code nor any value. */
export interface Execution {
  readonly id: string;
  readonly requestId: string;
  readonly outcome: OutcomeName | "refused" | "failed" | "aborted";
  /** Name of the exception or code of the error; `null` if all went well. */
  readonly error: string | null;
  readonly via: "execute" | "stream" | "batch" | "async" | "invoke" | "http" | "resolve";
  readonly level: SandboxLevel;
  readonly tools: readonly string[];
  readonly permissions: unknown;
  readonly function: string | null;
  readonly version: number | null;
  readonly startedAt: string;
  readonly duration: number;
  readonly usage: Usage | null;
}

export interface ExecutionQuery {
  readonly outcome?: string;
  readonly function?: string;
  readonly via?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly until?: string;
  /** `next` of the page before. */
  readonly cursor?: string;
  readonly limit?: number;
}

/** What a tenant may; everything left out is as the operator has it. */
export interface TenantSettings {
  ceiling?: Perms;
  tools?: string[];
  sandbox?: SandboxLevel[];
  reuse?: boolean;
  /** Milliseconds of one execution. */
  timeout?: number;
  /** Megabytes of one sandbox. */
  memory?: number;
  codeBytes?: number;
  bodyBytes?: number;
  logEntries?: number;
  /** Executions at once, and those that may wait beyond. */
  concurrency?: number;
  queue?: number;
  rate?: { requests: number; seconds: number };
  /** Of a day, in UTC; `cpu` in milliseconds. */
  budget?: { executions?: number; cpu?: number };
  /** Days that executions are remembered. */
  retention?: number;
  /** Secret: kept sealed, and only its names are ever shown. */
  env?: Record<string, string>;
  /** URL; secret, like `env`. */
  database?: string | null;
}

export interface TenantInfo extends Omit<TenantSettings, "env" | "database"> {
  readonly id: string;
  /** Names of its variables. */
  readonly env?: readonly string[];
  /** Whether it has one of its own. */
  readonly database?: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What a tenant is told of itself. */
export interface OwnTenant extends Omit<TenantInfo, "createdAt" | "updatedAt"> {
  /** Today, in UTC; `cpu` in milliseconds. */
  readonly used: { readonly executions: number; readonly cpu: number; readonly resetsAt: string };
}

export interface KeyInfo {
  readonly id: string;
  /** How the key begins. */
  readonly prefix: string;
  readonly label: string;
  readonly createdAt: string;
}
