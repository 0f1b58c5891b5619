import pg from "pg";
import type { DatabaseHost } from "../../../src/protocol/database-target.ts";
import type { StoreConnection } from "./connection.ts";

/** Milliseconds for a host's answer. Less than the pool waits for a connection. */
const ANSWER_WITHIN = 3_000;
const REFUSES =
  "select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as refuses";

type Connected = (error: Error | null, client?: pg.Client) => void;

/** Questions under way, so that a pool that connects ten times after a failover asks once. */
const asking = new WeakMap<readonly DatabaseHost[], Promise<DatabaseHost>>();

/**
 * A connection to the one of a store's hosts that takes writes. Each connection looks for it anew,
 * because another host may have taken over. A sole host is not asked.
 */
export class StoreClient extends pg.Client {
  readonly #connection: StoreConnection;

  constructor(connection: StoreConnection) {
    super(connection);
    this.#connection = connection;
  }

  override connect(): Promise<pg.Client>;
  override connect(connected: (error: Error) => void): void;
  override connect(connected: (error: null, client: pg.Client) => void): void;
  override connect(connected?: (...told: never[]) => void): unknown {
    const connecting = this.#connect();
    if (connected === undefined) return connecting;
    const tell = connected as Connected;
    connecting.then(
      () => tell(null, this),
      (error: Error) => tell(error),
    );
    return undefined;
  }

  async #connect(): Promise<pg.Client> {
    if (this.#connection.hosts.length > 1) {
      // The driver reads them as it connects.
      Object.assign(this, await writableHost(this.#connection));
    }
    return super.connect();
  }
}

/** Asks all hosts at once, and returns the first that takes writes. */
function writableHost(connection: StoreConnection): Promise<DatabaseHost> {
  const { hosts } = connection;
  const known = asking.get(hosts);
  if (known !== undefined) return known;
  const answers = hosts.map((host) => writable(connection, host));
  const found = Promise.any(answers)
    .catch(({ errors }: AggregateError) => {
      throw errors.find((error: unknown) => !(error instanceof ReadOnly)) ?? errors[0];
    })
    .finally(() => asking.delete(hosts));
  asking.set(hosts, found);
  return found;
}

class ReadOnly extends Error {
  override readonly name = "ReadOnly";
}

async function writable(connection: StoreConnection, host: DatabaseHost): Promise<DatabaseHost> {
  // A stream belongs to the connection that is asked for.
  const { stream, ...options } = connection;
  const limits = { connectionTimeoutMillis: ANSWER_WITHIN, query_timeout: ANSWER_WITHIN };
  // The pool hides the password from copies.
  const { password } = connection;
  const client = new pg.Client({ ...options, ...host, ...limits, ...(password && { password }) });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ refuses: boolean }>(REFUSES);
    if (rows[0]?.refuses === false) return host;
    throw new ReadOnly("None of the store's hosts takes writes");
  } finally {
    void client.end().catch(() => {});
  }
}
