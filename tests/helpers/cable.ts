import { connect, createServer, type Server, type Socket } from "node:net";

/** A connection to a server on loopback that can be cut. */
export class Cable {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  port = 0;
  /** True to drop answers: requests are carried out, but no client gets the result. */
  deaf = false;

  constructor(far: () => number) {
    this.#server = createServer((near) => {
      const remote = connect(far(), "127.0.0.1");
      near.pipe(remote);
      remote.on("data", (chunk) => this.deaf || near.write(chunk));
      remote.once("close", () => near.destroy());
      near.once("close", () => remote.destroy());
      for (const socket of [near, remote]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => this.#sockets.delete(socket));
      }
    });
  }

  async plug(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, "127.0.0.1", resolve));
    const address = this.#server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  cut(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Returns a URL that leads through the cable. */
  url(url: string): string {
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  }
}
