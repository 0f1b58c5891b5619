import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { listenForSandbox } from "../../base/sockets.ts";
import { DATABASE_SOCKET } from "../../protocol/database.ts";
import { EGRESS_SOCKET } from "../../protocol/egress-admin.ts";
import { Connection } from "./connection.ts";

/** Name of the control socket inside a slot's directory. */
export const CONTROL_SOCKET = "control.sock";

/**
 * The directory one sandbox shares with the control plane, and the socket in it. Which socket a
 * sandbox speaks on is its identity: the directory is given to that one sandbox alone.
 */
export class SocketDirectory {
  readonly id: string;
  readonly directory: string;
  /** The group whose directory it is, if it is one's. */
  readonly #group: number | undefined;
  readonly #server: Server;
  readonly #dialled: Promise<Socket>;
  #socket: Socket | undefined;

  private constructor(id: string, directory: string, group: number | undefined) {
    this.id = id;
    this.#group = group;
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

  /**
   * Makes the directory below `instanceDirectory` and listens in it. Given a group, nobody else can
   * enter it, and those in the group cannot change what is in it; this process has to be root's.
   */
  static async create(instanceDirectory: string, group?: number): Promise<SocketDirectory> {
    const id = randomBytes(6).toString("hex");
    const slot = new SocketDirectory(id, join(instanceDirectory, id), group);
    await mkdir(slot.directory, { mode: group === undefined ? 0o755 : 0o700 });
    try {
      await listenForSandbox(slot.#server, slot.controlSocket);
      if (group !== undefined) {
        await chown(slot.directory, 0, group);
        await chmod(slot.directory, 0o750);
      }
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
   * well: it would be removed, and a file of any size made in its place. A group's is sealed always.
   */
  async seal(): Promise<void> {
    if (this.#group !== undefined) return;
    await chmod(this.directory, 0o555);
  }

  /** Undoes `seal()`. */
  async unseal(): Promise<void> {
    if (this.#group !== undefined) return;
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
