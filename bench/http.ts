import { Agent, request } from "node:http";

/** Longest wait for an answer, so that a lost one does not block the bench. */
const ANSWER_WITHIN = 30_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Milliseconds from sending the request until the last byte of the answer. */
  readonly ms: number;
}

/** Client of one server. It keeps its connections open, as a caller in production would. */
export class Client {
  readonly #origin: string;
  readonly #signal: AbortSignal;
  readonly #agent: Agent;
  readonly #key: string | undefined;

  /**
   * Creates a client. Aborting `signal` drops all requests, which ends their executions. `key` is
   * the client's key on a server with tenants.
   */
  constructor(
    origin: string,
    signal: AbortSignal,
    key?: string,
    agent = new Agent({ keepAlive: true }),
  ) {
    this.#agent = agent;
    this.#origin = origin;
    this.#signal = signal;
    this.#key = key;
  }

  /** Makes a client with another key on the same connections, as behind a proxy. */
  as(key: string): Client {
    return new Client(this.#origin, this.#signal, key, this.#agent);
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path, undefined);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#send("POST", path, Buffer.from(JSON.stringify(body)));
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.#send("PUT", path, Buffer.from(JSON.stringify(body)));
  }

  /** Runs code and checks its result, because a fast refusal is no measurement. */
  async execute(request: object, expected: unknown): Promise<Answer> {
    const answer = await this.post("/execute", request);
    const { ok, result } = answer.body as { ok?: boolean; result?: unknown };
    if (answer.status !== 200 || !ok || result !== expected) {
      throw new Error(`POST /execute: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: Buffer | undefined): Promise<Answer> {
    const headers = {
      ...(body && { "content-type": "application/json", "content-length": body.length }),
      ...(this.#key !== undefined && { authorization: `Bearer ${this.#key}` }),
    };
    const [agent, signal] = [this.#agent, this.#signal];
    const options = { method, agent, signal, headers, timeout: ANSWER_WITHIN };
    return new Promise((resolve, reject) => {
      const started = performance.now();
      const sent = request(`${this.#origin}${path}`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const ms = performance.now() - started;
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text), ms });
        });
      });
      sent.once("timeout", () => sent.destroy(new Error(`No answer to ${method} ${path}`)));
      sent.once("error", (error: NodeJS.ErrnoException) => {
        // The server had closed a connection that was idle, just as the request used it.
        const isStale = sent.reusedSocket && error.code === "ECONNRESET" && !signal.aborted;
        if (isStale) this.#send(method, path, body).then(resolve, reject);
        else reject(error);
      });
      sent.end(body);
    });
  }
}
