/**
 * Runs a database proxy in a process of its own: `URL DIRECTORY STATEMENT`. Sends the statement and
 * waits.
 */
import postgres from "postgres";
import { DatabaseProxy } from "../../src/database/database-proxy.ts";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { SpareConnections } from "../../src/database/spare-connections.ts";

const [url = "", directory = "", statement = ""] = process.argv.slice(2);
const reserve = new SpareConnections({ directory });
const socket = `${directory}.sock`;
await DatabaseProxy.open({
  socket,
  target: parseDatabaseUrl(url),
  limits: { rows: 1_000, bytes: 100_000 },
  timeLeft: 60_000,
  reserve,
  audit: () => {},
});
const sql = postgres({ path: socket, user: "x", database: "x", max: 1, fetch_types: false });
await sql.unsafe(statement);
