import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** A control plane that runs nothing: it counts what it is asked. */
export class StandInNode {
  readonly address: string;
  /** Paths of the requests it has read. */
  readonly asked: string[] = [];
  /** Handling of a request that has been read. */
  behaviour: "answer" | "hang up" | "hold" = "answer";
  ready = true;
  readonly #server: Server;
  readonly #held: ServerResponse[] = [];

  constructor(address: string) {
    this.address = address;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  async start(port: number): Promise<void> {
    this.#server.listen(port, this.address);
    await once(this.#server, "listening");
  }

  /** Answers what it holds. */
  release(): void {
    this.behaviour = "answer";
    for (const response of this.#held.splice(0)) response.end("{}");
  }

  /** Refuses connections from now on. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === "/readyz") {
      response.writeHead(this.ready ? 200 : 503).end();
      return;
    }
    this.asked.push(request.url ?? "");
    request.resume().once("end", () => {
      if (this.behaviour === "answer") response.end("{}");
      else if (this.behaviour === "hold") this.#held.push(response);
      else response.destroy();
    });
  }
}
