import { DrizzleQueryError } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import { DatabaseError } from "./database-error.ts";
import type { Client } from "./postgres-client.ts";

/** Drizzle on a database or within one of its transactions. */
export type Database = PgDatabase<PgQueryResultHKT, Record<string, unknown>>;

/** Makes Drizzle on a client. Its queries reject with `DatabaseError`s. */
export function drizzleOn(client: Client, schema: Record<string, unknown>): Database {
  return clarify(drizzle(client as never, { schema }) as unknown as Database);
}

/**
 * Makes the queries of one database and of its transactions reject with the server's error. Drizzle
 * would replace it by the whole query. Changes this object alone, because code may use Drizzle's
 * classes itself.
 */
function clarify(database: Database): Database {
  const { session } = database._;
  const prepareQuery = session.prepareQuery.bind(session);
  session.prepareQuery = (...args) => {
    const query = prepareQuery(...args);
    const execute = query.execute.bind(query);
    query.execute = async (...values) => {
      try {
        return await execute(...values);
      } catch (thrown) {
        throw located(thrown);
      }
    };
    return query;
  };
  const transaction = database.transaction.bind(database);
  database.transaction = async (run, config) => {
    try {
      return await transaction((inner) => run(clarify(inner) as typeof inner), config);
    } catch (thrown) {
      throw located(thrown);
    }
  };
  return database;
}

const seen = new WeakSet<DatabaseError>();

/**
 * Returns the server's error with the stack of this call, which leads to the caller that awaits the
 * query. The stack of the socket's read leads nowhere.
 */
function located(thrown: unknown): unknown {
  const error = thrown instanceof DrizzleQueryError ? thrown.cause : thrown;
  if (!(error instanceof DatabaseError)) return thrown;
  if (!seen.has(error)) Error.captureStackTrace(error);
  seen.add(error);
  return error;
}
