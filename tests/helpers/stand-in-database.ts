import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { errorResponse, greeting } from "../../src/database/postgres-messages.ts";

const CANCEL_REQUEST = 80_877_102;
const PID = 4_711;
const KEY = 99;

/** A server that accepts every login and fails at the first query. */
export class StandInDatabase {
  readonly pid = PID;
  /** Process id and key of each requested cancellation. */
  readonly cancelled: (readonly [pid: number, key: number])[] = [];
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as AddressInfo;
    return `postgres://app:pw@127.0.0.1:${port}/app`;
  }

  stop(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    socket.on("error", () => {});
    socket.once("data", (first) => {
      if (first.readUInt32BE(4) === CANCEL_REQUEST) {
        this.cancelled.push([first.readUInt32BE(8), first.readUInt32BE(12)]);
        socket.end();
        return;
      }
      const hello = greeting(new Map([["server_version", "15.1"]]));
      // The key precedes the last message, which has six bytes.
      hello.writeUInt32BE(PID, hello.length - 14);
      hello.writeUInt32BE(KEY, hello.length - 10);
      socket.write(hello);
      socket.on("data", () => socket.write(errorResponse({ code: "57014", message: "Too slow" })));
    });
  }
}
