import type { ExecutionEvent } from "./events.ts";
import { run, stream, submit } from "./invoke.ts";
import { segment, type Transport } from "./transport.ts";
import type {
  Answer,
  Deployment,
  FunctionInfo,
  FunctionVersion,
  Invocation,
  Job,
  RunOptions,
  SubmitOptions,
} from "./types.ts";

/** Code that is deployed once, and called by its name. */
export class FunctionsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Adds a version, which is called from now on. */
  deploy(name: string, deployment: Deployment): Promise<FunctionVersion> {
    return this.#transport.json(pathOf(name), { method: "PUT", body: deployment });
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

  /** One version, with its files. */
  version(name: string, version: number): Promise<FunctionVersion> {
    return this.#transport.json(`${pathOf(name)}/versions/${version}`);
  }

  /** Has a version there is be the one that is called. */
  rollback(name: string, version: number): Promise<FunctionInfo> {
    return this.#transport.json(`${pathOf(name)}/rollback`, { method: "POST", body: { version } });
  }

  async delete(name: string): Promise<void> {
    await this.#transport.send(pathOf(name), { method: "DELETE" });
  }

  /** Calls it and resolves with how that ended. */
  invoke<T = unknown>(
    name: string,
    invocation: Invocation = {},
    options: RunOptions = {},
  ): Promise<Answer<T>> {
    return run(this.#transport, `${pathOf(name)}/invoke`, invocation, options);
  }

  /** Calls it and tells what happens as it does; leaving the loop ends the execution. */
  stream(
    name: string,
    invocation: Invocation = {},
    options: RunOptions = {},
  ): AsyncGenerator<ExecutionEvent, void> {
    return stream(this.#transport, `${pathOf(name)}/invoke`, invocation, options);
  }

  /** Has it called later; `jobs.wait()` waits for the answer. */
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
