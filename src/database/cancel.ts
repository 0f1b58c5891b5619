import type { Socket } from "node:net";
import pg from "pg";
import type { DatabaseTls } from "../protocol/database-target.ts";
import type { Login } from "./login.ts";
import { tlsTo } from "./tls.ts";

/** Milliseconds in which a server has to accept the request. */
const TOLD_WITHIN = 500;

/** A connection before any login. The package's types leave these members out. */
interface RawConnection extends pg.Connection {
  readonly stream: Socket;
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

/**
 * Asks the server to cancel the statement of a login, by the login's key. Resolves once the request
 * is delivered or given up. Never rejects.
 */
export async function cancel(
  { client, place }: Login,
  tls: DatabaseTls | undefined,
): Promise<void> {
  const { processID, secretKey, connection: own } = client;
  // With "prefer", the connection may be unencrypted.
  const isEncrypted = "encrypted" in own.stream;
  const ssl = tlsTo(place.host.host, tls);
  const connection = new pg.Connection({ ssl } as pg.ConnectionConfig) as RawConnection;
  const { stream } = connection;
  const say = (): void => connection.cancel(processID, secretKey);
  connection.on("connect", () => (isEncrypted && tls ? connection.requestSsl() : say()));
  connection.on("sslconnect", say);
  connection.on("error", () => stream.destroy());
  const told = closeOf(stream);
  const timer = setTimeout(() => stream.destroy(), TOLD_WITHIN);
  connection.connect(place.host.port, place.address);
  await told;
  clearTimeout(timer);
}

/** Resolves once a socket is closed. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
}
