import type { PGlite } from "@electric-sql/pglite";
import type { DiskReserve } from "./disk-reserve.ts";

/** Milliseconds between two checks of the size. A check takes ten and blocks other calls. */
const EVERY = 2_000;
/** Bytes by which the tables must grow before dead rows are searched. */
const GROWN = 67_108_864;
/** Milliseconds between two attempts to return room to the disk. */
const RECLAIM_EVERY = 5_000;
/** Least bytes of dead rows for which a table is rewritten. */
const WORTH = 8_388_608;

/** Query of each table that grows with tenants' data, and of its counted bytes of rows. */
const TABLES = `select c.oid::regclass::text as name,
    (pg_total_relation_size(c.oid) + coalesce((select sum(pg_total_relation_size(relid))
      from pg_partition_tree(c.oid) where relid <> c.oid), 0))::float8 as size,
    (select coalesce(sum(s.bytes), 0) from isolate.storage as s where s.kind = t.kind)::float8 as live
  from (values ('jobs', 'jobs'), ('idempotency', 'idempotency'), ('versions', 'function_versions'),
    ('resources', 'resources'), ('types', 'types'), ('executions', 'executions'),
    ('logs', 'execution_logs')) as t (kind, name)
  join pg_class as c on c.relname = t.name and c.relnamespace = 'isolate'::regnamespace`;

/**
 * Makes the room of deleted rows usable again. No process of PostgreSQL does so here. Without it,
 * repeated writes and deletes would fill the disk with dead rows.
 */
export class Vacuum {
  readonly #database: PGlite;
  readonly #disk: Pick<DiskReserve, "reached" | "free">;
  readonly #grown: number;
  readonly #every: number;
  #reclaimedAt = 0;
  #size = 0;
  #lookedAt = 0;

  /**
   * `grown` is the growth in bytes between two runs; `every` is the milliseconds between two
   * checks.
   */
  constructor(
    database: PGlite,
    disk: Pick<DiskReserve, "reached" | "free">,
    { grown = GROWN, every = EVERY }: { readonly grown?: number; readonly every?: number } = {},
  ) {
    this.#database = database;
    this.#disk = disk;
    this.#grown = grown;
    this.#every = every;
  }

  /** Runs a vacuum if one is due. A failure is left to the next run. */
  async afterWrite(): Promise<void> {
    const now = Date.now();
    if (now - this.#lookedAt < this.#every) return;
    this.#lookedAt = now;
    try {
      if ((await this.#bytes()) - this.#size < this.#grown) return;
      await this.#database.query("vacuum");
      this.#size = await this.#bytes();
    } catch {
      // A failed database is opened again by its next user.
    }
  }

  /**
   * Returns deleted rows' room to the disk while the reserve is reached. Called after a deletion.
   * Rewrites a table and its log only if three times its rows fit on the disk.
   */
  async afterDelete(): Promise<void> {
    const now = Date.now();
    if (!this.#disk.reached || now - this.#reclaimedAt < RECLAIM_EVERY) return;
    this.#reclaimedAt = now;
    try {
      await this.#database.query("vacuum");
      const { rows } = await this.#database.query<{ name: string; size: number; live: number }>(
        TABLES,
      );
      for (const { name, size, live } of rows) {
        const isWorth = size - live > WORTH && live * 3 < this.#disk.free();
        if (isWorth) await this.#database.query(`vacuum full ${name}`);
      }
      await this.#database.query("checkpoint");
      this.#size = await this.#bytes();
    } catch {
      // The rows stay deleted. The next deletion tries again.
    }
  }

  async #bytes(): Promise<number> {
    const { rows } = await this.#database.query<{ bytes: string }>(
      `select coalesce(sum(pg_total_relation_size(c.oid)), 0)::text as bytes from pg_class as c
        where c.relnamespace = 'isolate'::regnamespace and c.relkind = 'r'`,
    );
    return Number(rows[0]?.bytes);
  }
}
