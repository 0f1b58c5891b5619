import type { Socket } from "node:net";
import pg from "pg";
import type { DatabaseTarget, DatabaseTls } from "../protocol/database-target.ts";
import type { Find, ServerAddress } from "./server-addresses.ts";
import { tlsTo } from "./tls.ts";

const CONNECT_WITHIN = 5_000;
/** For an address that is not the last one of its name. */
const NEXT_WITHIN = 2_000;
/** Bytes a server may send until code has the session, or for one question: a role's settings can make it talk. */
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
  readonly place: ServerAddress;
  /** What the server has said of itself: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Lets the server send as much again as it may have sent so far: for whoever asks it for more. */
  readonly renew: () => void;
}

/** Told of a login that fails after the server has let it in. */
type OnLost = (lost: Login) => void;

interface LoginOptions {
  /** The name the session goes by at the server. */
  readonly application: string;
  readonly onLost?: OnLost;
  /** Milliseconds to connect and be let in. */
  readonly within?: number;
}

/** Logs in to the first host that can be reached; rejects with the last one's reason. */
export async function logIn(
  target: DatabaseTarget,
  options: LoginOptions & { readonly find: Find },
): Promise<Login> {
  let last: unknown;
  for (const host of target.hosts) {
    try {
      return await logInAtOne(await options.find(host), target, options);
    } catch (error) {
      last = error;
      if (REFUSED.test(codeOf(error))) break;
    }
  }
  throw last;
}

/** Logs in at the first of a host's addresses that can be reached. */
async function logInAtOne(
  places: readonly ServerAddress[],
  target: DatabaseTarget,
  options: LoginOptions,
): Promise<Login> {
  for (const [index, place] of places.entries()) {
    const isLast = index === places.length - 1;
    try {
      return await logInTo(place, target, {
        within: isLast ? CONNECT_WITHIN : NEXT_WITHIN,
        ...options,
      });
    } catch (error) {
      // Where a server has answered, another address is most likely the same one's.
      if (isLast || isServers(error)) throw error;
    }
  }
  throw new Error("The name has no address");
}

/** Logs in at one place. */
export async function logInTo(
  place: ServerAddress,
  target: DatabaseTarget,
  options: LoginOptions,
): Promise<Login> {
  const { tls } = target;
  try {
    return await open(place, target, tls, options);
  } catch (error) {
    const inTheClear = tls?.mode === "prefer" && String(error).includes(NO_TLS);
    if (!inTheClear) throw error;
    return open(place, target, undefined, options);
  }
}

async function open(
  place: ServerAddress,
  target: DatabaseTarget,
  tls: DatabaseTls | undefined,
  { application, within = CONNECT_WITHIN, onLost = () => {} }: LoginOptions,
): Promise<Login> {
  const client = new pg.Client({
    host: place.address,
    port: place.host.port,
    user: target.user,
    // As a function: an empty one would be looked for in the process's environment.
    password: () => target.password,
    database: target.database,
    application_name: application,
    connectionTimeoutMillis: within,
    // For what is asked here; clients' statements have a limit in the server.
    query_timeout: CONNECT_WITHIN,
    ssl: tlsTo(place.host.host, tls),
    ...(target.options !== undefined && { options: target.options }),
  }) as KeyedClient;
  // The socket's close says enough.
  client.on("error", () => {});
  const parameters = new Map<string, string>();
  client.connection.on("parameterStatus", ({ parameterName, parameterValue }) => {
    parameters.set(parameterName, parameterValue);
  });
  const login = { client, place, parameters, renew: bound(client, tls !== undefined) };
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
    if (left < 0) connection.stream.destroy(new Error("The server sends too much"));
  };
  const watch = (): void => void connection.stream.on("data", count);
  // What is read before that is one byte, and none of the package's.
  if (isEncrypted) connection.once("sslconnect", watch);
  else watch();
  return () => {
    left = MOST_BYTES;
  };
}

/** SQLSTATE, or the system's code, of a failed connection; empty if there is none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

/** SQLSTATE of a server, or a role, that has as many connections as it may have. */
export const NO_ROOM = "53300";
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Tells an error that a server has answered with from one of the way there. */
export function isServers(error: unknown): boolean {
  return SQLSTATE.test(codeOf(error));
}
