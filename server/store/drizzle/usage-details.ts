import { type SQL, sql } from "drizzle-orm";
import type { UsageDetails, UsageFilter, UsageGroups, UsageSum } from "../contract/usage.ts";
import type { Database } from "./database.ts";
import { denials, usageDetails } from "./server-tables.ts";
import { TODAY } from "./usage.ts";

const NONE: UsageSum = {
  executions: 0,
  outcomes: {},
  cpu: 0,
  wall: 0,
  egressBytes: 0,
  bytesOut: 0,
};

const KEYS: Readonly<Record<UsageGroups["by"], SQL>> = {
  day: sql`d.day::text`,
  function: sql`d.function`,
  tenant: sql`d.tenant`,
};

export function drizzleUsageDetails(db: Database): UsageDetails {
  const rowsOf = async <Row>(statement: SQL): Promise<Row[]> =>
    ((await db.execute(statement)) as unknown as { rows: Row[] }).rows;

  /** Adds up rows by a key, in its order. Large sums are numbers, which drivers read as such. */
  const sums = (key: SQL, { from, to, tenant }: UsageFilter, most: SQL) => sql`with parts as (
      select ${key} collate "C" as key, d.outcome, sum(d.executions) as executions, sum(d.cpu) as cpu,
        sum(d.wall) as wall, sum(d.egress_bytes) as egress, sum(d.bytes_out) as bytes_out
      from ${usageDetails} as d
      where d.day between ${from}::date and ${to}::date
        and ${tenant === undefined ? sql`true` : sql`d.tenant = ${tenant}`}
      group by 1, 2
    )
    select key, sum(executions)::float8 as executions, sum(cpu)::float8 as cpu, sum(wall)::float8 as wall,
      sum(egress)::float8 as "egressBytes", sum(bytes_out)::float8 as "bytesOut",
      coalesce(json_object_agg(outcome, executions::float8 order by outcome) filter (where executions > 0), '{}')::text
        as outcomes
    from parts ${most}`;
  type Row = Omit<UsageSum, "outcomes"> & { readonly key: string; readonly outcomes: string };
  const read = ({ key, outcomes, ...row }: Row) => ({
    key,
    ...row,
    outcomes: JSON.parse(outcomes) as UsageSum["outcomes"],
  });

  return {
    async total(filter) {
      const [row] = await rowsOf<Row>(sums(sql`''`, filter, sql`group by key`));
      if (row === undefined) return NONE;
      const { key: _key, ...sum } = read(row);
      return sum;
    },

    async groups({ by, after, limit, ...filter }) {
      const next = after === undefined ? sql`` : sql`where key > ${after}`;
      const most = sql`${next} group by key order by key limit ${limit}::int`;
      return (await rowsOf<Row>(sums(KEYS[by], filter, most))).map(read);
    },

    async denials(tenant, { from, to }, limit) {
      interface Denied {
        readonly function: string;
        readonly kind: string;
        readonly subject: string;
        readonly count: number;
        readonly last: number;
      }
      const rows = await rowsOf<Denied>(sql`
        select function, kind, subject, sum(count)::float8 as count,
          (extract(epoch from max(last_at)) * 1000)::float8 as last
        from ${denials} where tenant = ${tenant} and day between ${from}::date and ${to}::date
        group by 1, 2, 3 order by 4 desc, subject = '', 2, 3, 1 limit ${limit}::int`);
      return rows.map(({ last, ...row }) => ({ ...row, lastAt: new Date(last) }));
    },

    async prune(days) {
      await db.delete(usageDetails).where(sql`${usageDetails.day} < ${TODAY} - ${days.usage}::int`);
      await db.delete(denials).where(sql`${denials.day} < ${TODAY} - ${days.denials}::int`);
    },
  };
}
