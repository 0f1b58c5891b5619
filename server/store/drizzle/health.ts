import { sql } from "drizzle-orm";
import type { Transact } from "./database.ts";
import { jobs } from "./schema.ts";

export interface Health {
  /** Rejects unless the store takes writes. */
  check(): Promise<void>;
}

/**
 * Tests writing without leaving data. A sort beyond its memory needs new room on the disk, as new
 * rows do. A deletion of no rows fails where deletions are not allowed. A message has to reach the
 * write-ahead log.
 */
export function drizzleHealth(transact: Transact): Health {
  return {
    check: () =>
      transact(async (tx) => {
        await tx.execute(sql`set local work_mem = '64kB'`);
        await tx.execute(sql`select count(*) from (
          select repeat('x', 200) || n as line from generate_series(1, 2000) n order by line offset 0) lines`);
        await tx.delete(jobs).where(sql`false`);
        await tx.execute(sql`select pg_logical_emit_message(true, 'isolate', 'x')`);
      }),
  };
}
