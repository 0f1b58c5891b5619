import type { Socket } from "node:net";
import pg from "pg";
import type { DatabaseTarget, DatabaseTls } from "../protocol/database-target.ts";
import type { Find, ServerAddress } from "./server-addresses.ts";
import { tlsTo } from "./tls.ts";

const CONNECT_WITHIN = 5_000;
/** Milliseconds for an address that is not the last one of its name. */
const NEXT_WITHIN = 2_000;
/**
 * Most bytes a server may send before code has the session, or for one question. A role's settings
 * can make it send more.
 */
const MOST_BYTES = 262_144;
const NO_TLS = "The server does not support SSL connections";
/** SQLSTATE classes of a server's refusal. Another host would refuse, too. */
const REFUSED = /^(28|3D)/;

/** A client with the members that the package's types leave out. */
export interface KeyedClient extends pg.Client {
  readonly connection: pg.Connection & { readonly stream: Socket };
  /** Null until the server accepts the login. */
  readonly processID: number;
  readonly secretKey: number;
}

/** A client that has logged in, and its server. */
export interface Login {
  readonly client: KeyedClient;
  readonly place: ServerAddress;
  /** Parameters that the server has reported: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Resets the bound on received bytes, for a further question. */
  readonly renew: () => void;
}

/** Receives a login that fails after the server has accepted it. */
type OnLost = (lost: Login) => void;

interface LoginOptions {
  /** Name of the session at the server. */
  readonly application: string;
  readonly onLost?: OnLost;
  /** Milliseconds to connect and log in. Default: 5 s. */
  readonly within?: number;
}

/**
 * Logs in to the first host that can be reached.
 *
 * @throws {Error} With the reason of the last host tried.
 */
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
      // After a server's answer, the next address most likely leads to the same server.
      if (isLast || isServers(error)) throw error;
    }
  }
  throw new Error("The name has no address");
}

/** Logs in at one address. */
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
    // A function, because the package would replace an empty password by the process's environment.
    password: () => target.password,
    database: target.database,
    application_name: application,
    connectionTimeoutMillis: within,
    // Limits queries made here. The server limits the statements of clients.
    query_timeout: CONNECT_WITHIN,
    ssl: tlsTo(place.host.host, tls),
    ...(target.options !== undefined && { options: target.options }),
  }) as KeyedClient;
  // The socket's close is enough of a report.
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

/**
 * Cuts off a connection that receives too much: the package buffers each message until it is whole.
 */
function bound(client: KeyedClient, isEncrypted: boolean): () => void {
  const { connection } = client;
  let left = MOST_BYTES;
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) connection.stream.destroy(new Error("The server sends too much"));
  };
  const watch = (): void => void connection.stream.on("data", count);
  // Before that the package reads nothing but one byte.
  if (isEncrypted) connection.once("sslconnect", watch);
  else watch();
  return () => {
    left = MOST_BYTES;
  };
}

/** Returns the SQLSTATE or system code of a failed connection. Empty if there is none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

/** SQLSTATE for a server or a role that has reached its limit of connections. */
export const NO_ROOM = "53300";
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Tells a server's error from an error on the way to it. */
export function isServers(error: unknown): boolean {
  return SQLSTATE.test(codeOf(error));
}
