import { and, eq, inArray, isNull, lt, or, sql } from "drizzle-orm";
import type { Idempotency, StoredAnswer } from "../contract/idempotency.ts";
import { StorageFull } from "../contract/store-errors.ts";
import { type Database, fromNow, inChunks } from "./database.ts";
import { storeError } from "./driver-errors.ts";
import { idempotency } from "./schema.ts";
import { roomFor } from "./storage.ts";

/** Size of the answer, which PostgreSQL knows without reading the text. */
const SIZE = sql<number | null>`octet_length(${idempotency.answer})`;

export function drizzleIdempotency(db: Database, defaultLimit: number): Idempotency {
  const entry = (tenant: string, key: string) =>
    and(eq(idempotency.tenant, tenant), eq(idempotency.key, key));

  const unanswered = (tenant: string, key: string, fingerprint: string) =>
    and(entry(tenant, key), eq(idempotency.fingerprint, fingerprint), isNull(idempotency.answer));

  return {
    async begin(tenant, key, fingerprint, most, limit = defaultLimit) {
      const room = db.$with("room", {}).as(roomFor(tenant, limit, ["idempotency"]));
      const until = fromNow(most);
      for (;;) {
        const [begun] = await db
          .with(room)
          .insert(idempotency)
          .values({ tenant, key, fingerprint, until })
          .onConflictDoUpdate({
            target: [idempotency.tenant, idempotency.key],
            set: { fingerprint, until, createdAt: sql`now()` },
            // Its earlier request has run out of time and will not finish it.
            setWhere: sql`${idempotency.answer} is null and ${idempotency.until} < now()`,
          })
          .returning({ key: idempotency.key });
        if (begun !== undefined) return { state: "new" };
        const [row] = await db
          .select({ fingerprint: idempotency.fingerprint, size: SIZE })
          .from(idempotency)
          .where(entry(tenant, key));
        // It was abandoned in between.
        if (row === undefined) continue;
        if (row.fingerprint !== fingerprint) return { state: "mismatch" };
        if (row.size === null) return { state: "running" };
        return { state: "done", size: row.size };
      }
    },

    async renew(keys, most) {
      await db.execute(sql`update ${idempotency} as one
        set until = greatest(one.until, ${fromNow(most)})
        from json_to_recordset(${JSON.stringify(keys)}::json)
          as held(tenant text, key text, fingerprint text)
        where one.tenant = held.tenant and one.key = held.key
          and one.fingerprint = held.fingerprint and one.answer is null`);
    },

    async answer(tenant, key, fingerprint) {
      const [row] = await db
        .select({ answer: idempotency.answer })
        .from(idempotency)
        .where(and(entry(tenant, key), eq(idempotency.fingerprint, fingerprint)));
      return row?.answer ?? undefined;
    },

    async finish(tenant, key, fingerprint, answer) {
      const keep = (kept: StoredAnswer) =>
        db
          .update(idempotency)
          .set({ answer: kept })
          .where(unanswered(tenant, key, fingerprint));
      try {
        await keep(answer);
        return true;
      } catch (error) {
        if (!(storeError(error) instanceof StorageFull)) throw error;
        const { status, contentType } = answer;
        // It takes less than the room reserved for it.
        await keep({ status, contentType, body: "", lost: true });
        return false;
      }
    },

    async abandon(tenant, key, fingerprint) {
      await db.delete(idempotency).where(unanswered(tenant, key, fingerprint));
    },

    prune: (age) =>
      inChunks((limit) => {
        const old = db
          .select({ tenant: idempotency.tenant, key: idempotency.key })
          .from(idempotency)
          .where(
            or(
              lt(idempotency.createdAt, fromNow(-age)),
              and(isNull(idempotency.answer), lt(idempotency.until, sql`now()`)),
            ),
          )
          .limit(limit);
        return db
          .delete(idempotency)
          .where(inArray(sql`(${idempotency.tenant}, ${idempotency.key})`, old))
          .returning({ key: idempotency.key });
      }),
  };
}
