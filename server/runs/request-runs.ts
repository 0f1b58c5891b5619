import type { ExecutionRow } from "../store/contract/executions.ts";

/** Executions of one request. */
export interface RequestRun {
  /** Id of the execution, if it is one. */
  readonly execution?: string | undefined;
  /** Outcome of that one, if it has ended. */
  readonly outcome?: string | undefined;
  /** Number of executions, if there are several. */
  readonly executions?: number | undefined;
}

interface Counted {
  execution: string;
  outcome: string | undefined;
  executions: number;
}

/** Executions of the requests under way, for the lines of those in the log. */
export class RequestRuns {
  readonly #requests = new Map<string, Counted | undefined>();

  /** Begins a request. Its executions are kept until `end()`. */
  begin(requestId: string): void {
    this.#requests.set(requestId, undefined);
  }

  onBegin({ id, requestId }: Pick<ExecutionRow, "id" | "requestId">): void {
    if (!this.#requests.has(requestId)) return;
    const known = this.#requests.get(requestId);
    if (known === undefined) {
      this.#requests.set(requestId, { execution: id, outcome: undefined, executions: 1 });
    } else known.executions += 1;
  }

  onEnd({ id, requestId, outcome }: Pick<ExecutionRow, "id" | "requestId" | "outcome">): void {
    const known = this.#requests.get(requestId);
    if (known?.execution === id) known.outcome = outcome;
  }

  /** Ends a request. Returns what is known of its executions. */
  end(requestId: string): RequestRun {
    const known = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    if (known === undefined) return {};
    const { execution, outcome, executions } = known;
    return executions > 1 ? { executions } : { execution, outcome };
  }
}
