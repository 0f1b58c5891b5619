import type { Socket } from "node:net";
import type { ResultLimits } from "../protocol/database-target.ts";
import { TERMINATE } from "./postgres-messages.ts";
import { ResultMeter } from "./result-meter.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Connects a client with the server's connection. Forwards bytes both ways and limits results. */
export class Session {
  readonly #client: Socket;
  readonly #onEnd: (busy: boolean) => void;
  #asked = false;
  #ended = false;
  readonly #meter: ResultMeter;
  /**
   * Bytes for the client while the server is asked to cancel. Sent earlier, they could let the
   * cancel hit the client's next statement.
   */
  #held: Buffer[] | undefined;

  /** Calls `onEnd` once. `busy` is true if the server may still be at work. */
  constructor(
    client: Socket,
    serverConnection: ServerConnection,
    limits: ResultLimits,
    onEnd: (busy: boolean) => void,
  ) {
    this.#client = client;
    this.#onEnd = onEnd;
    const server = serverConnection.detach();
    this.#meter = new ResultMeter(limits, () => {
      this.#held ??= [];
      // Reading the rows on their way would delay the request to the server.
      server.pause();
      void serverConnection.cancel().then(() => {
        this.#release();
        server.resume();
      });
    });
    client.on("data", (chunk: Buffer) => {
      const isGoodbye = !this.#asked && this.#meter.idle && chunk.equals(TERMINATE);
      if (isGoodbye) serverConnection.dismissed();
      else this.#asked = true;
      if (server.write(chunk)) return;
      client.pause();
      server.once("drain", () => client.resume());
    });
    server.on("data", (chunk: Buffer) => this.#answer(server, chunk));
    client.once("close", () => this.end());
    server.once("close", () => {
      client.end();
      this.end();
    });
    client.resume();
    server.resume();
  }

  /** Ends both sides. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd(this.#asked || !this.#meter.idle);
  }

  #answer(server: Socket, chunk: Buffer): void {
    if (this.#ended) return;
    try {
      const parts = this.#meter.push(chunk);
      if (this.#held !== undefined) this.#held.push(...parts);
      else for (const part of parts) this.#client.write(part);
    } catch {
      this.#client.destroy();
      return;
    }
    if (this.#meter.idle) this.#asked = false;
    if (!this.#client.writableNeedDrain) return;
    server.pause();
    this.#client.once("drain", () => server.resume());
  }

  #release(): void {
    for (const part of this.#held ?? []) this.#client.write(part);
    this.#held = undefined;
  }
}
