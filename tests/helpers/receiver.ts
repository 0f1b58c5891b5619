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
}

/** An HTTP server on loopback that says what it was sent, and answers with 200. */
export class Receiver {
  readonly received: Received[] = [];
  readonly #held: ServerResponse[] = [];
  #holds = false;
  readonly #server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    this.received.push({ path: request.url ?? "", headers: request.headers, body });
    if (this.#holds) this.#held.push(response);
    else response.end("received");
  });

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((go) => receiver.#server.listen(0, "127.0.0.1", go));
    return receiver;
  }

  /** Its `host:port`, as `ISOLATE_EGRESS_PRIVATE` has it. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers nobody from now on. */
  hold(): void {
    this.#holds = true;
  }

  /** Answers everybody from now on, and those who wait. */
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
