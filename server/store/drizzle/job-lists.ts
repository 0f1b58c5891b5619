import { and, desc, eq, getTableColumns, isNull, lt } from "drizzle-orm";
import { MOST_LOOKED_AT } from "../contract/executions.ts";
import type { Jobs } from "../contract/jobs.ts";
import { type Database, isUuid } from "./database.ts";
import { lastLookedAt } from "./looked-at.ts";
import { jobs } from "./schema.ts";

const { id, tenant, requestId, function: name, version, state, ...others } = getTableColumns(jobs);
const { attempts, acceptedAt, finishedAt } = others;
const LISTED = {
  ...{ id, tenant, requestId, function: name, version, state },
  ...{ attempts, acceptedAt, finishedAt },
};

/** Lists jobs. Those of a tenant that wait or run are found by the index `jobs_pending`. */
export function listsOfJobs(db: Database): Jobs["list"] {
  return async ({ tenant: owner, state: wanted, before, limit }) => {
    if (before !== undefined && !isUuid(before)) return { rows: [] };
    const isPending = wanted === "queued" || wanted === "running";
    const older = and(
      owner === undefined ? undefined : eq(jobs.tenant, owner),
      isPending ? isNull(jobs.finishedAt) : undefined,
      before === undefined ? undefined : lt(jobs.id, before),
    );
    const some = db
      .select(LISTED)
      .from(jobs)
      .where(older)
      .orderBy(desc(jobs.id))
      .limit(MOST_LOOKED_AT)
      .as("some");
    const rows = await db
      .select()
      .from(some)
      .where(wanted === undefined ? undefined : eq(some.state, wanted))
      .orderBy(desc(some.id))
      .limit(limit);
    if (rows.length === limit) return { rows, next: rows.at(-1)?.id };
    return { rows, next: await lastLookedAt(db, jobs, older) };
  };
}
