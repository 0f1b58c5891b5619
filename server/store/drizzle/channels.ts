import { and, eq, gt, lt, ne, type SQL, sql } from "drizzle-orm";
import type { Channels } from "../contract/channels.ts";
import { StoreUnavailable } from "../contract/store-errors.ts";
import { type Database, fromNow } from "./database.ts";
import { channelMessages, channelSubscribers } from "./server-tables.ts";

/**
 * Share of the database's queue of notices from which messages find no room in it. One listener that
 * does not read keeps all of them there. A full queue fails each change of a tenant, key or function.
 */
const MOST_OF_QUEUE = 0.25;
const QUEUE_FULL = "Its queue of notices is filling up, because a listener does not read it";

/** Lists texts of a parameter, in the same way for each driver. */
function textsOf(texts: readonly string[]): SQL {
  return sql`json_array_elements_text(${JSON.stringify(texts)}::json)`;
}

function pairsOf(pairs: readonly (readonly [string, string])[]): SQL {
  return sql`json_array_elements(${JSON.stringify(pairs)}::json) as pair`;
}

export function drizzleChannels(db: Database): Channels {
  return {
    async hold(node, tenants, lease) {
      await db.execute(sql`with held as (
        insert into ${channelSubscribers} (tenant, node, until)
          select tenant, ${node}::text, ${fromNow(lease)} from ${textsOf(tenants)} as tenant order by tenant
          on conflict (tenant, node) do update set until = excluded.until
          returning tenant, xmax = 0 as is_new
      ) select pg_notify('isolate', json_build_object('kind', 'subscribers', 'tenant', tenant)::text)
        from held where is_new`);
    },

    async release(node, tenants) {
      await db.execute(sql`delete from ${channelSubscribers}
        where node = ${node} and tenant in (select ${textsOf(tenants)})`);
    },

    async subscribers(tenant, except) {
      const { tenant: owner, node, until } = channelSubscribers;
      const rows = await db
        .select({ node })
        .from(channelSubscribers)
        .where(and(eq(owner, tenant), ne(node, except), gt(until, sql`now()`)));
      return rows.map((row) => row.node);
    },

    async send(kept, texts) {
      const rows = pairsOf(kept.map(({ id, text }) => [id, text] as const));
      const sent = pairsOf(texts.map(({ address, text }) => [address, text] as const));
      // The commit waits for no disk, because it holds a lock of all transactions that notify.
      const done = (await db.execute(sql`with quick as materialized (
        select set_config('synchronous_commit', 'off', true), pg_notification_queue_usage() < ${MOST_OF_QUEUE}::float8 as has_room
      ), kept as (
        insert into ${channelMessages} (id, text)
          select (pair->>0)::uuid, pair->>1 from quick, ${rows} where has_room
      ) select pg_notify(pair->>0, pair->>1) from quick, ${sent} where has_room`)) as unknown as {
        rows: unknown[];
      };
      if (done.rows.length < texts.length) throw new StoreUnavailable(undefined, QUEUE_FULL);
    },

    async kept(id) {
      const { text } = channelMessages;
      const [row] = await db
        .select({ text })
        .from(channelMessages)
        .where(eq(channelMessages.id, id));
      return row?.text;
    },

    async prune(age) {
      const before = fromNow(-age);
      await db.delete(channelMessages).where(lt(channelMessages.createdAt, before));
      await db.delete(channelSubscribers).where(lt(channelSubscribers.until, before));
    },
  };
}
