import { connect, type Socket } from "node:net";

/** One request on a connection of its own. The test writes every byte of it. */
export class RawRequest {
  readonly #socket: Socket;
  #received = "";
  readonly closed: Promise<void>;

  constructor(url: string, lines: readonly string[]) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setEncoding("latin1").on("data", (text) => {
      this.#received += text;
    });
    this.#socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.write([...lines, "", ""].join("\r\n"));
  }

  /** Text that the server has sent so far. */
  get received(): string {
    return this.#received;
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#received)?.[1]);
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
