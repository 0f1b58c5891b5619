import { lt, type SQL, sql } from "drizzle-orm";
import type { LeasedSlots, Leases, Reserved, SlotLease, TakenEvents } from "../contract/leases.ts";
import { type Database, fromNow } from "./database.ts";
import { budgetLeases, rateWindows, slotLeases, usage } from "./server-tables.ts";
import { chargeOf, TODAY } from "./usage.ts";

/** Days for which the use of a tenant is kept. */
const USAGE_DAYS = 35;
const HOUR = 3_600_000;

export function drizzleLeases(db: Database): Leases {
  const rowsOf = async <Row>(statement: SQL): Promise<Row[]> =>
    ((await db.execute(statement)) as unknown as { rows: Row[] }).rows;
  const rowOf = async <Row>(statement: SQL): Promise<Row> => {
    const [row] = await rowsOf<Row>(statement);
    if (row === undefined) throw new Error("A function of the store has answered nothing");
    return row;
  };
  const until = (lease: number): SQL =>
    sql`clock_timestamp() + ${lease}::float8 * interval '1 millisecond'`;

  return {
    slots: (node, { tenant, kind, held, most }, wants, lease) =>
      rowOf<LeasedSlots>(sql`select holds as held, give, free from isolate.lease_slots(
        ${tenant}, ${kind}, ${node}, ${held}::int, ${wants}::int, ${most}::int, ${lease}::float8)`),

    renew(node, { slots, budgets }, lease) {
      const theirs = sql`(select coalesce(sum(o.held), 0) from ${slotLeases} o where o.tenant = l.tenant
        and o.kind = l.kind and o.node <> l.node and o.until > clock_timestamp())`;
      return rowsOf<Pick<SlotLease, "tenant" | "kind" | "held">>(sql`with locked as (
          select l.tenant, l.day, l.node from ${budgetLeases} as l where (l.tenant, l.day, l.node) in (
            select a.tenant, a.day, a.node
            from json_to_recordset(${JSON.stringify(budgets)}::json) as a (tenant text, day date, node text)
          ) order by 1, 2, 3 for update
        ), budgets as (
          update ${budgetLeases} as l set until = ${until(lease)} from locked
          where l.tenant = locked.tenant and l.day = locked.day and l.node = locked.node
        )
        update ${slotLeases} as l set until = ${until(lease)},
          held = greatest(0, least(l.held, a.held, a.most - ${theirs}))
        from json_to_recordset(${JSON.stringify(slots)}::json) as a (tenant text, kind text, held int, most int)
        where l.tenant = a.tenant and l.kind = a.kind and l.node = ${node} and l.until > clock_timestamp()
        returning l.tenant, l.kind, l.held`);
    },

    async charge(charges) {
      await db.execute(chargeOf(charges));
    },

    events: ({ tenant, kind, requests, seconds, wants, ahead, gives, window }) =>
      rowOf<TakenEvents>(sql`select granted, "left", "window", lasts from isolate.take_events(${tenant}, ${kind},
        ${requests}::int, ${seconds}::float8, ${wants}::int, ${ahead}::int, ${gives}::int, ${window})`),

    async reserve(node, { tenant, most, wants, ahead, gives, day, aheadFor }, lease) {
      const row = await rowOf<
        Record<string, unknown>
      >(sql`select granted, today, lasts, used, cpu, coming
        from isolate.reserve_executions(${tenant}, ${node}, ${most}::bigint, ${wants}::int, ${ahead}::int,
          ${gives}::int, ${day === "" ? null : day}::date, ${lease}::float8, ${aheadFor}::float8)`);
      const { granted, today, lasts, used, cpu, coming } = row;
      // Drivers return large integers as texts.
      const [executions, soon] = [Number(used), Number(coming)];
      return { granted, day: today, lasts, executions, cpu, coming: soon } as Reserved;
    },

    async giveAll(node) {
      await db.execute(sql`with budgets as (delete from ${budgetLeases} where split_part(node, '/', 1) = ${node})
        delete from ${slotLeases} where node = ${node}`);
    },

    async today(tenant, node, ahead) {
      const row = await rowOf<{ day: string; executions: unknown; cpu: number }>(sql`select
        ${TODAY}::text as day, coalesce(sum(u.executions), 0) + greatest(0, (
          select coalesce(sum(l.reserved - case when l.node = ${node} then ${ahead}::int
            when l.ahead_until > clock_timestamp() then l.ahead else 0 end), 0)
          from ${budgetLeases} as l where l.tenant = ${tenant} and l.day = ${TODAY} and l.until > clock_timestamp()
        )) as executions, coalesce(sum(u.cpu), 0)::float8 as cpu
        from ${usage} as u where u.tenant = ${tenant} and u.day = ${TODAY}`);
      return { ...row, executions: Number(row.executions) };
    },

    async prune() {
      const old = fromNow(-HOUR);
      await db.delete(usage).where(sql`${usage.day} < ${TODAY} - ${USAGE_DAYS}::int`);
      await db.delete(rateWindows).where(lt(rateWindows.ends, old));
      await db.delete(slotLeases).where(lt(slotLeases.until, old));
      await db.delete(budgetLeases).where(lt(budgetLeases.until, old));
    },
  };
}
