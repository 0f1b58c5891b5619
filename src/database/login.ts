import type { Socket } from "node:net";
import pg from "pg";
import type { DatabaseHost, DatabaseTarget, DatabaseTls } from "./target.ts";
import { tlsOptions } from "./tls.ts";

const CONNECT_WITHIN = 5_000;
const NO_TLS = "The server does not support SSL connections";
/** SQLSTATE classes of a server that is there and says no: another host would not help. */
const REFUSED = /^(28|3D)/;

/** The parts of a client that the package's types leave out. */
export interface KeyedClient extends pg.Client {
  readonly connection: pg.Connection & { readonly stream: Socket };
  readonly processID: number;
  readonly secretKey: number;
}

/** A client that has logged in, and where that was. */
export interface Login {
  readonly client: KeyedClient;
  readonly host: DatabaseHost;
  /** What the server has said of itself: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Logs in to the first host that can be reached; rejects with the last one's reason. */
export async function logIn(target: DatabaseTarget, application: string): Promise<Login> {
  let last: unknown;
  for (const host of target.hosts) {
    try {
      return await logInTo(host, target, application);
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
): Promise<Login> {
  const { tls } = target;
  try {
    return await open(host, target, tls, application);
  } catch (error) {
    const inTheClear = tls?.mode === "prefer" && String(error).includes(NO_TLS);
    if (!inTheClear) throw error;
    return open(host, target, undefined, application);
  }
}

async function open(
  host: DatabaseHost,
  target: DatabaseTarget,
  tls: DatabaseTls | undefined,
  application: string,
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
  await client.connect();
  return { client, host, parameters };
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
