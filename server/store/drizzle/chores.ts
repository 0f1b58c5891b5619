import { and, eq, gt, sql } from "drizzle-orm";
import type { Store } from "../contract/store.ts";
import { fromNow, type Transact } from "./database.ts";
import { chores } from "./server-tables.ts";

/** Key of the advisory lock: any number that no other lock of this project has. */
const LOCK = 491_503_712;

/**
 * Does a chore while a transaction holds its lock. The lock ends with the connection, so a server that
 * goes down leaves the chore to others. It is of the transaction, not of the session, so that it works
 * behind a pooler.
 */
export function choresOf(transact: Transact): Store["alone"] {
  return (chore, every, work) =>
    transact(async (tx) => {
      const { rows } = (await tx.execute(
        sql`select pg_try_advisory_xact_lock(${LOCK}, hashtext(${chore})) as is_ours`,
      )) as unknown as { rows: { is_ours: boolean }[] };
      if (!rows[0]?.is_ours) return false;
      const done = await tx
        .select({ name: chores.name })
        .from(chores)
        .where(and(eq(chores.name, chore), gt(chores.doneAt, fromNow(-every))));
      if (done.length > 0) return false;
      await work();
      await tx
        .insert(chores)
        .values({ name: chore, doneAt: sql`clock_timestamp()` })
        .onConflictDoUpdate({ target: chores.name, set: { doneAt: sql`clock_timestamp()` } });
      return true;
    });
}
