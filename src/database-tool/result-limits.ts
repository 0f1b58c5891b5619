import { DatabaseError } from "./database-error.ts";

/** SQLSTATE "program limit exceeded". The proxy in front of a server uses it, too. */
const LIMIT = "54000";

/**
 * Makes a counter for one query's result.
 *
 * @throws {DatabaseError} From the first row on that exceeds a limit.
 */
export function meter({ rows, bytes }: { rows: number; bytes: number }): (row: object) => void {
  let rowsLeft = rows;
  let bytesLeft = bytes;
  return (row) => {
    rowsLeft -= 1;
    if (rowsLeft < 0) throw new DatabaseError(`The result exceeds ${rows} rows`, LIMIT);
    for (const value of Object.values(row)) bytesLeft -= sizeOf(value);
    if (bytesLeft < 0) throw new DatabaseError(`The result exceeds ${bytes} bytes`, LIMIT);
  };
}

/** Returns about the number of bytes in which the value arrived. */
function sizeOf(value: unknown): number {
  if (value === null) return 0;
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object") return 8;
  return ArrayBuffer.isView(value) ? value.byteLength : JSON.stringify(value).length;
}
