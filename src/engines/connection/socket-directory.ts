import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { chmod, chown, mkdir, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { listenForSandbox } from "../../base/sockets.ts";
import { DATABASE_SOCKET } from "../../protocol/database.ts";
import { AUTHORITY_FILE, EGRESS_SOCKET } from "../../protocol/egress-admin.ts";
import { Connection } from "./connection.ts";

/** Name of the control socket in a slot's directory. */
export const CONTROL_SOCKET = "control.sock";

/**
 * Directory that one sandbox shares with the control plane, and the socket in it. The directory is
 * given to that sandbox alone, so the socket identifies the sandbox.
 */
export class SocketDirectory {
  readonly id: string;
  readonly directory: string;
  /** Group that owns the directory, if any. */
  readonly #group: number | undefined;
  readonly #server: Server;
  readonly #dialled: Promise<Socket>;
  #authority: string | undefined;
  #socket: Socket | undefined;

  private constructor(id: string, directory: string, group: number | undefined) {
    this.id = id;
    this.#group = group;
    this.directory = directory;
    this.#server = createServer();
    this.#dialled = new Promise((resolve) => {
      this.#server.once("connection", (socket) => {
        // One sandbox connects once; nobody else can connect here.
        this.#server.close();
        this.#socket = socket.on("error", () => socket.destroy());
        resolve(socket);
      });
    });
  }

  /**
   * Creates the directory below `instanceDirectory` and listens in it. With a group, only its
   * members can enter the directory, and they cannot change it. That needs root.
   */
  static async create(instanceDirectory: string, group?: number): Promise<SocketDirectory> {
    const id = randomBytes(6).toString("hex");
    const created = new SocketDirectory(id, join(instanceDirectory, id), group);
    await mkdir(created.directory, { mode: group === undefined ? 0o755 : 0o700 });
    try {
      await listenForSandbox(created.#server, created.controlSocket);
      if (group !== undefined) {
        await chown(created.directory, 0, group);
        await chmod(created.directory, 0o750);
      }
    } catch (error) {
      await created.remove();
      throw error;
    }
    return created;
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

  /**
   * Writes the certificate by which the sandbox knows the egress proxy, if it has changed. Without one
   * the file is empty, because the runtime uses no TLS at all if it is missing. Synchronous, in about
   * 50 µs: slow work may hold all threads of the pool.
   */
  writeAuthority(certificate = ""): void {
    if (certificate === this.#authority) return;
    const path = join(this.directory, AUTHORITY_FILE);
    writeFileSync(`${path}~`, certificate, { mode: 0o644 });
    renameSync(`${path}~`, path);
    this.#authority = certificate;
  }

  /** Resolves with the connection when the sandbox is ready for a job. */
  async connected(): Promise<Connection> {
    return Connection.open(await this.#dialled);
  }

  /**
   * Makes the directory read-only. A client may connect to a socket only if it may write to its
   * path. So it could replace the socket with a file of any size. A group's directory is always
   * read-only to it.
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

  /** Closes the connection, if there is one, and removes the directory. */
  async remove(): Promise<void> {
    this.#server.close();
    this.#socket?.destroy();
    await this.unseal().catch(() => {});
    await rm(this.directory, { recursive: true, force: true });
  }
}
