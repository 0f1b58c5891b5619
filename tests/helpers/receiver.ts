import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Time by `performance.now()`. */
  readonly at: number;
}

/** An HTTP server on loopback that records requests and answers 200. */
export class Receiver {
  readonly received: Received[] = [];
  /** Path → body of its answers. */
  readonly bodies = new Map<string, string>();
  readonly #held: ServerResponse[] = [];
  #holds = false;
  readonly #server: Server = createServer(async (request, response) => {
    const at = performance.now();
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    this.received.push({ path: request.url ?? "", headers: request.headers, body, at });
    if (this.#holds) this.#held.push(response);
    else response.end(this.bodies.get(request.url ?? "") ?? "received");
  });

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((go) => receiver.#server.listen(0, "127.0.0.1", go));
    return receiver;
  }

  /** Its `host:port`, in the format of `ISOLATE_EGRESS_PRIVATE`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Delays all answers from now on. */
  hold(): void {
    this.#holds = true;
  }

  /** Answers again, and sends the delayed answers. */
  release(): void {
    this.#holds = false;
    for (const response of this.#held.splice(0)) response.end("received");
  }

  stop(): void {
    this.release();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
