import { type SQL, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { jobs } from "./schema.ts";

/** Most tenants that one statement looks at. Further ones come in the next statement's turn. */
export const WINDOW = 200;
/** Rows beyond those asked for, since other servers may be claiming the first ones just then. */
const SPARE = 8;
/** Most statements of one claim while other servers claim the same rows. */
const MOST_TRIES = 5;

/** A part of the index by which tenants with such jobs are found, and how one of them comes first. */
export interface Line {
  /** Condition of the partial index. */
  readonly waits: SQL;
  /** Column behind the tenant in the index. */
  readonly order: SQL;
}

/**
 * Makes a part of a recursive statement, named `list`. It lists tenants behind `from` with the first row of each, in the
 * order of an index. Each step is one search in the index, so the rows in a tenant's line cost nothing.
 */
export function tenantsWith(list: SQL, { waits, order }: Line, from: string): SQL {
  const next = (
    after: SQL,
    place: SQL,
  ) => sql`(select tenant, id, ${order} as first, ${place} as place
    from ${jobs} where ${waits} and tenant > ${after} order by tenant, ${order} limit 1)`;
  return sql`${list}(tenant, id, first, place) as (
    ${next(sql`${from}::text`, sql`1`)}
    union all
    select next.* from ${list} as t cross join lateral ${next(sql`t.tenant`, sql`t.place + 1`)} as next
    where t.place < ${integer(WINDOW)}
  )`;
}

/** Returns the number of rows, or of tenants, that are searched for `limit` jobs. */
export function searched(limit: number): SQL {
  return integer(limit + SPARE);
}

/** Writes a number into a statement, so that the planner knows how few rows it bounds. */
export function integer(value: number): SQL {
  return sql.raw(String(Math.max(0, Math.trunc(value))));
}

/** Makes a list of numbers by tenants. */
export function numbersOf(numbers: Readonly<Record<string, number>>): SQL {
  return sql`select key as tenant, value::int as jobs from json_each_text(${JSON.stringify(numbers)}::json)`;
}

/** Result of a claiming statement: rows with what it has looked at, or one row with that alone. */
export interface Looked {
  readonly id: string | null;
  /** Number of rows that it could have claimed, if no other server did. */
  readonly seen: number | string;
  /** Last tenant that it looked at, if there may be more behind it. */
  readonly last: string | null;
}

/** Claims rows by a statement, tenants by windows. Keeps where the next claim begins. */
export class Heads {
  #from = "";

  /** `statement` claims up to `limit` rows of tenants behind `from`. */
  async claim<Row extends Looked>(
    db: Database,
    most: number,
    statement: (limit: number, from: string) => SQL,
  ): Promise<Row[]> {
    const claimed: Row[] = [];
    for (let tries = 0; tries < MOST_TRIES && claimed.length < most; tries += 1) {
      const from = this.#from;
      const limit = most - claimed.length;
      const { rows } = (await db.execute(statement(limit, from))) as unknown as { rows: Row[] };
      const got = rows.filter(({ id }) => id !== null);
      claimed.push(...got);
      const { seen = 0, last = null } = rows[0] ?? {};
      const wasLocked = got.length < Math.min(limit, Number(seen));
      if (wasLocked) continue;
      this.#from = last ?? "";
      // Behind the last tenant come the first ones, once.
      if (from === "" && last === null) break;
    }
    return claimed;
  }
}
