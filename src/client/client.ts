/** Third entry of the package: `isolate/client`. */
import type { PublicPlan } from "../permissions/public-plan.ts";
import type { ExecuteRequest } from "../request/types.ts";
import { AdminClient } from "./admin.ts";
import { calledStream, type StreamOptions } from "./calls.ts";
import type { ProblemBody } from "./errors.ts";
import type { ExecutionEvent } from "./events.ts";
import { FunctionsClient } from "./functions.ts";
import { HostsClient } from "./hosts.ts";
import { callOf, run, stream, submit } from "./invoke.ts";
import { JobsClient } from "./jobs.ts";
import { KeysClient } from "./keys.ts";
import { PackagesClient } from "./packages.ts";
import { SchedulesClient } from "./schedules.ts";
import { SecretsClient } from "./secrets.ts";
import { SessionsClient } from "./sessions.ts";
import { Transport, type TransportOptions } from "./transport.ts";
import type {
  Answer,
  Denials,
  DenialsQuery,
  Execution,
  ExecutionLogs,
  ExecutionQuery,
  Job,
  OwnTenant,
  OwnUsage,
  PlannedType,
  RunOptions,
  SubmitOptions,
  UsageQuery,
} from "./types.ts";

export type { CallerFunction, StreamOptions } from "./calls.ts";
export { IsolateClientError, type ProblemBody } from "./errors.ts";
export type { ExecutionEvent } from "./events.ts";
export type { LogsOptions } from "./logs.ts";
export type { TransportOptions as ClientOptions } from "./transport.ts";
export type * from "./types.ts";

/**
 * Creates a client for one server, with one key. It runs in every runtime with `fetch`: Node, Deno,
 * browsers. Errors of the code are in the answer. All other errors reject with
 * `IsolateClientError`.
 *
 * @example
 * const isolate = createClient({ url: "http://127.0.0.1:8787" });
 * const { result } = await isolate.execute({ code: "export default (x) => x * 2", input: 21 });
 * result // 42
 */
export function createClient(options: TransportOptions): Client {
  return new Client(new Transport(options));
}

export class Client {
  readonly functions: FunctionsClient;
  readonly jobs: JobsClient;
  /** Times at which functions are called. */
  readonly schedules: SchedulesClient;
  /** Host names of functions. */
  readonly hosts: HostsClient;
  /** Keys of the tenant. */
  readonly keys: KeysClient;
  /** Prepared sets of packages. */
  readonly packages: PackagesClient;
  readonly secrets: SecretsClient;
  /** Executions that share globals and files. */
  readonly sessions: SessionsClient;
  /** Calls that need the administrator's key. */
  readonly admin: AdminClient;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.functions = new FunctionsClient(transport);
    this.jobs = new JobsClient(transport);
    this.schedules = new SchedulesClient(transport);
    this.hosts = new HostsClient(transport);
    this.keys = new KeysClient(transport);
    this.packages = new PackagesClient(transport, "/packages");
    this.secrets = new SecretsClient(transport);
    this.sessions = new SessionsClient(transport);
    this.admin = new AdminClient(transport);
  }

  /** Runs code once and resolves with its outcome. */
  execute<T = unknown>(request: ExecuteRequest, options: RunOptions = {}): Promise<Answer<T>> {
    return run(this.#transport, "/execute", request, options);
  }

  /**
   * Runs code once and yields its events as they happen. Leaving the loop ends the execution. With
   * `functions`, the code calls them as `tools.name(argument)`, and the loop answers.
   */
  stream(
    request: ExecuteRequest,
    { functions, ...options }: StreamOptions = {},
  ): AsyncGenerator<ExecutionEvent, void> {
    if (functions !== undefined) {
      return calledStream(this.#transport, request, functions, options);
    }
    return stream(this.#transport, "/execute", request, options);
  }

  /** Submits code to run later. `jobs.wait()` waits for its answer. */
  submit(
    request: ExecuteRequest,
    options: SubmitOptions = {},
  ): Promise<Pick<Job, "id" | "status">> {
    return submit(this.#transport, "/execute", request, options);
  }

  /**
   * Runs several pieces of code side by side. Returns an answer or an error for each, in their
   * order.
   */
  async batch(
    requests: readonly ExecuteRequest[],
    options: RunOptions = {},
  ): Promise<(Answer | { readonly error: ProblemBody })[]> {
    type Batch = { results: (Answer | { readonly error: ProblemBody })[] };
    const call = callOf({ requests }, options);
    return (await this.#transport.json<Batch>("/execute/batch", call)).results;
  }

  /**
   * Returns the permissions that a request, or the type of that name or of a resource, would be
   * granted and refused. Runs nothing.
   */
  plan(request: ExecuteRequest | PlannedType): Promise<PublicPlan> {
    return this.#transport.json("/plan", { method: "POST", body: request });
  }

  /** Resolves a resource by running its type. */
  resolve<T = unknown>(
    locator: string,
    args?: unknown,
    { signal }: Pick<RunOptions, "signal"> = {},
  ): Promise<{ result: T; meta: { executionTimeMs: number; locator: string } }> {
    const call = { method: "POST", body: { locator, args }, signal } as const;
    return this.#transport.json("/api/v1/resolve", call);
  }

  /** Returns a page of past executions, newest first. `next` is the `cursor` of the next page. */
  executions(query: ExecutionQuery = {}): Promise<{ executions: Execution[]; next?: string }> {
    return this.#transport.json("/executions", { query: { ...query } });
  }

  execution(id: string): Promise<Execution> {
    return this.#transport.json(`/executions/${encodeURIComponent(id)}`);
  }

  /** Returns what an execution has logged, so far or in all. */
  executionLogs(id: string): Promise<ExecutionLogs> {
    return this.#transport.json(`/executions/${encodeURIComponent(id)}/logs`);
  }

  /** Returns the limits of the key's tenant, and its use of today. */
  tenant(): Promise<OwnTenant> {
    return this.#transport.json("/tenant");
  }

  /** Returns the use of the key's tenant, by day or function. Default: the last 30 days. */
  usage(query: UsageQuery = {}): Promise<OwnUsage> {
    return this.#transport.json("/usage", { query: { ...query } });
  }

  /** Returns what the code of the key's tenant was refused, added up. Default: the last 30 days. */
  denials(query: DenialsQuery = {}): Promise<Denials> {
    return this.#transport.json("/usage/denials", { query: { ...query } });
  }

  /** Returns the secret that signs the tenant's callbacks, in the form of Standard Webhooks. */
  async callbackSecret(): Promise<string> {
    return (await this.#transport.json<{ secret: string }>("/tenant/callback-secret")).secret;
  }
}
