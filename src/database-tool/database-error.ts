import postgres from "postgres";

/** Fields of a server's error that are passed on → their names here. */
const FIELDS = {
  detail: "detail",
  hint: "hint",
  table_name: "table",
  column_name: "column",
  constraint_name: "constraint",
} as const;

type Details = { [K in (typeof FIELDS)[keyof typeof FIELDS]]?: string };

/** Connection errors of the driver: its code → SQLSTATE and a message without an address. */
const CONNECTION: Readonly<Record<string, readonly [code: string, message: string]>> = {
  CONNECTION_CLOSED: ["08006", "The connection to the database was lost"],
  CONNECTION_DESTROYED: ["08003", "The connection to the database has been closed"],
  CONNECTION_ENDED: ["08003", "The connection to the database has been closed"],
  CONNECT_TIMEOUT: ["08001", "The database did not answer in time"],
  ECONNRESET: ["08006", "The connection to the database was lost"],
  EPIPE: ["08006", "The connection to the database was lost"],
};

/** Matches error codes of the operating system, such as `ECONNREFUSED`. */
const SYSTEM = /^E(?!RR_)[A-Z0-9]+$/;

/** A query that failed. */
export class DatabaseError extends Error implements Details {
  override readonly name = "DatabaseError";
  /** SQLSTATE, five characters. Absent if the statement never reached the server. */
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;

  constructor(message: string, code?: string, details: Details = {}) {
    super(code === undefined ? message : `${message} (SQLSTATE ${code})`);
    if (code !== undefined) this.code = code;
    Object.assign(this, details);
  }
}

/** Converts an error of the driver. Leaves out everything about the way to the server. */
export function toDatabaseError(thrown: unknown): DatabaseError {
  if (thrown instanceof DatabaseError) return thrown;
  if (thrown instanceof postgres.PostgresError) {
    const said = thrown as unknown as Record<string, string | undefined>;
    const details: Details = {};
    for (const [field, name] of Object.entries(FIELDS)) {
      if (said[field] !== undefined) details[name] = said[field];
    }
    return new DatabaseError(thrown.message, thrown.code, details);
  }
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  const known = CONNECTION[String(code)];
  if (known !== undefined) return new DatabaseError(known[1], known[0]);
  if (SYSTEM.test(String(code))) return unreachable(String(code));
  return new DatabaseError(String(message).replace(/^[A-Z_]+: /, ""));
}

/**
 * Makes the error for a server that cannot be reached. Passes on the system's code only: its
 * message names addresses.
 */
export function unreachable(reason?: string): DatabaseError {
  const why = reason === undefined ? "" : `: ${reason}`;
  return new DatabaseError(`The database cannot be reached${why}`, "08001");
}

/** Makes the error for a transaction whose connection is gone. */
export function lostTransaction(): DatabaseError {
  return new DatabaseError("The connection was lost, and the transaction with it", "08006");
}
