import type { ExecutionEvent } from "./events.ts";
import { run, stream, submit } from "./invoke.ts";
import { type LogsOptions, logs } from "./logs.ts";
import { segment, type Transport } from "./transport.ts";
import type {
  Answer,
  Deployment,
  FunctionInfo,
  FunctionLogs,
  FunctionVersion,
  Invocation,
  Job,
  Redeployment,
  RunOptions,
  SubmitOptions,
} from "./types.ts";

/** Manages functions: code that is deployed once, and called by its name. */
export class FunctionsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Adds a version. Calls use it from now on. */
  deploy(name: string, deployment: Deployment): Promise<FunctionVersion> {
    return this.#transport.json(pathOf(name), { method: "PUT", body: deployment });
  }

  /**
   * Deploys the files of a version again, by default those of the current one. Its packages stay the same, or
   * are resolved anew with `update`.
   */
  redeploy(name: string, redeployment: Redeployment = {}): Promise<FunctionVersion> {
    const call = { method: "POST", body: redeployment } as const;
    return this.#transport.json(`${pathOf(name)}/redeploy`, call);
  }

  list(
    query: { after?: string; limit?: number } = {},
  ): Promise<{ functions: FunctionInfo[]; next?: string }> {
    return this.#transport.json("/functions", { query });
  }

  get(name: string): Promise<FunctionInfo> {
    return this.#transport.json(pathOf(name));
  }

  async versions(name: string): Promise<FunctionVersion[]> {
    type Versions = { versions: FunctionVersion[] };
    return (await this.#transport.json<Versions>(`${pathOf(name)}/versions`)).versions;
  }

  /** Returns one version, with its files. */
  version(name: string, version: number): Promise<FunctionVersion> {
    return this.#transport.json(`${pathOf(name)}/versions/${version}`);
  }

  /** Switches calls to an existing version. */
  rollback(name: string, version: number): Promise<FunctionInfo> {
    return this.#transport.json(`${pathOf(name)}/rollback`, { method: "POST", body: { version } });
  }

  async delete(name: string): Promise<void> {
    await this.#transport.send(pathOf(name), { method: "DELETE" });
  }

  /** Calls a function and resolves with its outcome. */
  invoke<T = unknown>(
    name: string,
    invocation: Invocation = {},
    options: RunOptions = {},
  ): Promise<Answer<T>> {
    return run(this.#transport, `${pathOf(name)}/invoke`, invocation, options);
  }

  /** Calls a function and yields its events as they happen. Leaving the loop ends the execution. */
  stream(
    name: string,
    invocation: Invocation = {},
    options: RunOptions = {},
  ): AsyncGenerator<ExecutionEvent, void> {
    return stream(this.#transport, `${pathOf(name)}/invoke`, invocation, options);
  }

  /**
   * Yields what the function's executions have logged, the newest execution first. With `follow`,
   * yields entries as they are written, until the server ends. Leaving the loop ends it.
   */
  logs(name: string, options: LogsOptions = {}): AsyncGenerator<FunctionLogs, void> {
    return logs(this.#transport, `${pathOf(name)}/logs`, options);
  }

  /** Submits a call to run later. `jobs.wait()` waits for the answer. */
  submit(
    name: string,
    invocation: Invocation = {},
    options: SubmitOptions = {},
  ): Promise<Pick<Job, "id" | "status">> {
    return submit(this.#transport, `${pathOf(name)}/invoke`, invocation, options);
  }
}

function pathOf(name: string): string {
  return `/functions/${segment(name)}`;
}
