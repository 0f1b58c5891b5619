import type { Socket } from "node:net";
import pg from "pg";
import type { DatabaseHost, DatabaseTarget, DatabaseTls } from "./target.ts";
import { tlsOptions } from "./tls.ts";

const CONNECT_WITHIN = 5_000;
/** Bytes a server may send before code, or the control, has the session: a role's settings can make it talk. */
const MOST_BYTES = 262_144;
const NO_TLS = "The server does not support SSL connections";
/** SQLSTATE classes of a server that is there and says no: another host would not help. */
const REFUSED = /^(28|3D)/;

/** The parts of a client that the package's types leave out. */
export interface KeyedClient extends pg.Client {
  readonly connection: pg.Connection & { readonly stream: Socket };
  /** Null until the server has let the client in. */
  readonly processID: number;
  readonly secretKey: number;
}

/** A client that has logged in, and where that was. */
export interface Login {
  readonly client: KeyedClient;
  readonly host: DatabaseHost;
  /** What the server has said of itself: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Lets the server send as much as it likes from now on. */
  readonly unbound: () => void;
}

/** Told of a login that fails after the server has let it in. */
type OnLost = (lost: Login) => void;

/** Logs in to the first host that can be reached; rejects with the last one's reason. */
export async function logIn(
  target: DatabaseTarget,
  application: string,
  onLost: OnLost,
): Promise<Login> {
  let last: unknown;
  for (const host of target.hosts) {
    try {
      return await logInTo(host, target, application, onLost);
    } catch (error) {
      last = error;
      if (REFUSED.test(codeOf(error))) break;
    }
  }
  throw last;
}

/** Logs in to one host of the target. */
export async function logInTo(
  host: DatabaseHost,
  target: DatabaseTarget,
  application: string,
  onLost: OnLost = () => {},
): Promise<Login> {
  const { tls } = target;
  const as = { application, onLost };
  try {
    return await open(host, target, tls, as);
  } catch (error) {
    const inTheClear = tls?.mode === "prefer" && String(error).includes(NO_TLS);
    if (!inTheClear) throw error;
    return open(host, target, undefined, as);
  }
}

async function open(
  host: DatabaseHost,
  target: DatabaseTarget,
  tls: DatabaseTls | undefined,
  { application, onLost }: { application: string; onLost: OnLost },
): Promise<Login> {
  const client = new pg.Client({
    ...host,
    user: target.user,
    // As a function: an empty one would be looked for in the process's environment.
    password: () => target.password,
    database: target.database,
    application_name: application,
    connectionTimeoutMillis: CONNECT_WITHIN,
    // For what is asked here; clients' statements have a limit in the server.
    query_timeout: CONNECT_WITHIN,
    ssl: tlsOptions(tls),
    ...(target.options !== undefined && { options: target.options }),
  }) as KeyedClient;
  // The socket's close says enough.
  client.on("error", () => {});
  const parameters = new Map<string, string>();
  client.connection.on("parameterStatus", ({ parameterName, parameterValue }) => {
    parameters.set(parameterName, parameterValue);
  });
  const login = { client, host, parameters, unbound: bound(client, tls !== undefined) };
  try {
    await client.connect();
  } catch (error) {
    client.connection.stream.destroy();
    if (client.processID !== null) onLost(login);
    throw error;
  }
  return login;
}

/** Cuts a connection off that receives too much: the package keeps all of a message until it is whole. */
function bound(client: KeyedClient, isEncrypted: boolean): () => void {
  const { connection } = client;
  let left = MOST_BYTES;
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) connection.stream.destroy(new Error("The server sends too much at the login"));
  };
  const watch = (): void => void connection.stream.on("data", count);
  // What is read before that is one byte, and none of the package's.
  if (isEncrypted) connection.once("sslconnect", watch);
  else watch();
  return () => connection.stream.off("data", count);
}

/** SQLSTATE, or the system's code, of a failed connection; empty if there is none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Tells an error that a server has answered with from one of the way there. */
export function isServers(error: unknown): boolean {
  return SQLSTATE.test(codeOf(error));
}
