import { and, desc, eq, gte, inArray, lt, sql } from "drizzle-orm";
import type { Audit } from "../contract/audit.ts";
import { MOST_LOOKED_AT } from "../contract/executions.ts";
import { type Database, fromNow, inChunks, isUuid } from "./database.ts";
import { lastLookedAt } from "./looked-at.ts";
import { audit } from "./operations-tables.ts";

export function drizzleAudit(db: Database): Audit {
  return {
    async record(row) {
      await db.insert(audit).values(row);
    },

    async list({ tenant, action, since, until, before, limit }) {
      if (before !== undefined && !isUuid(before)) return { rows: [] };
      const older = and(
        tenant === undefined ? undefined : eq(audit.tenant, tenant),
        before === undefined ? undefined : lt(audit.id, before),
      );
      const some = db
        .select()
        .from(audit)
        .where(older)
        .orderBy(desc(audit.id))
        .limit(MOST_LOOKED_AT)
        .as("some");
      const rows = await db
        .select()
        .from(some)
        .where(
          and(
            action === undefined ? undefined : eq(some.action, action),
            since && gte(some.at, since),
            until && lt(some.at, until),
          ),
        )
        .orderBy(desc(some.id))
        .limit(limit);
      if (rows.length === limit) return { rows, next: rows.at(-1)?.id };
      return { rows, next: await lastLookedAt(db, audit, older) };
    },

    prune: (age) =>
      inChunks((limit) => {
        const old = db
          .select({ id: audit.id })
          .from(audit)
          .where(sql`${audit.at} < ${fromNow(-age)}`)
          .limit(limit);
        return db.delete(audit).where(inArray(audit.id, old)).returning({ id: audit.id });
      }),
  };
}
