import { randomBytes } from "node:crypto";
import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { DATABASE_SOCKET } from "../protocol/database.ts";
import { EGRESS_SOCKET } from "../protocol/egress-admin.ts";
import { listenForSandbox } from "../sockets.ts";
import { Connection } from "./connection.ts";

/** Name of the control socket inside a slot's directory. */
export const CONTROL_SOCKET = "control.sock";

/**
 * The directory one sandbox shares with the control plane, and the socket in it. Which socket a
 * sandbox speaks on is its identity: the directory is given to that one sandbox alone.
 */
export class Slot {
  readonly id: string;
  readonly directory: string;
  readonly #server: Server;
  readonly #dialled: Promise<Socket>;
  #socket: Socket | undefined;

  private constructor(id: string, directory: string) {
    this.id = id;
    this.directory = directory;
    this.#server = createServer();
    this.#dialled = new Promise((resolve) => {
      this.#server.once("connection", (socket) => {
        // One sandbox dials once; nobody else gets an ear here.
        this.#server.close();
        this.#socket = socket.on("error", () => socket.destroy());
        resolve(socket);
      });
    });
  }

  /** Makes the directory below `instanceDirectory` and listens in it. */
  static async create(instanceDirectory: string): Promise<Slot> {
    const id = randomBytes(6).toString("hex");
    const slot = new Slot(id, join(instanceDirectory, id));
    await mkdir(slot.directory, { mode: 0o755 });
    try {
      await listenForSandbox(slot.#server, slot.controlSocket);
    } catch (error) {
      await slot.remove();
      throw error;
    }
    return slot;
  }

  get controlSocket(): string {
    return join(this.directory, CONTROL_SOCKET);
  }

  get egressSocket(): string {
    return join(this.directory, EGRESS_SOCKET);
  }

  get databaseSocket(): string {
    return join(this.directory, DATABASE_SOCKET);
  }

  /** Resolves with the connection to the sandbox once that is ready for a job. */
  async connected(): Promise<Connection> {
    return Connection.open(await this.#dialled);
  }

  /**
   * Has the directory hold what it holds now. Who may connect to a socket may write to its path as
   * well: it would be removed, and a file of any size made in its place. Root is not kept from that.
   */
  async seal(): Promise<void> {
    await chmod(this.directory, 0o555);
  }

  /** Undoes `seal()`. */
  async unseal(): Promise<void> {
    await chmod(this.directory, 0o755);
  }

  /** Ends the connection, if there is one, and removes the directory. */
  async remove(): Promise<void> {
    this.#server.close();
    this.#socket?.destroy();
    await this.unseal().catch(() => {});
    await rm(this.directory, { recursive: true, force: true });
  }
}
