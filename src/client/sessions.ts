import { callOf } from "./invoke.ts";
import { segment, type Transport } from "./transport.ts";
import type {
  RunOptions,
  Session,
  SessionAnswer,
  SessionExecution,
  SessionRequest,
} from "./types.ts";

/** Begins and ends sessions: executions that share globals and files. */
export class SessionsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Begins a session. It ends after `idle` ms without an execution, and after `max` ms. */
  create(request: SessionRequest = {}): Promise<Session> {
    return this.#transport.json("/sessions", { method: "POST", body: request });
  }

  /** Runs code in a session. Rejects with the code `SESSION_ENDED` once the session has ended. */
  execute<T = unknown>(
    id: string,
    request: SessionExecution,
    options: Pick<RunOptions, "signal"> = {},
  ): Promise<SessionAnswer<T>> {
    const call = callOf(request, options);
    return this.#transport.json(`${pathOf(id)}/execute`, call);
  }

  get(id: string): Promise<Session> {
    return this.#transport.json(pathOf(id));
  }

  /** Lists the sessions that live on the server which answers. */
  async list(): Promise<Session[]> {
    return (await this.#transport.json<{ sessions: Session[] }>("/sessions")).sessions;
  }

  /** Ends a session, with what it may be running. */
  async end(id: string): Promise<void> {
    await this.#transport.send(pathOf(id), { method: "DELETE" });
  }
}

function pathOf(id: string): string {
  return `/sessions/${segment(id)}`;
}
