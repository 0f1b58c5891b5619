import type { PGlite } from "@electric-sql/pglite";
import type { DiskReserve } from "./disk-reserve.ts";

/** Milliseconds between two looks at the size: one takes ten, in which nobody else is served. */
const EVERY = 2_000;
/** Bytes by which the tables have grown when it is time to look for rows that are gone. */
const GROWN = 67_108_864;
/** Milliseconds between two attempts at giving room back to the disk. */
const RECLAIM_EVERY = 5_000;
/** Bytes of rows that are gone which are worth writing a table anew. */
const WORTH = 8_388_608;

/** Each table that grows by what tenants store, with the rows' bytes as they are counted. */
const TABLES = `select c.oid::regclass::text as name, pg_total_relation_size(c.oid)::float8 as size,
    (select coalesce(sum(s.bytes), 0) from isolate.storage as s where s.kind = t.kind)::float8 as live
  from (values ('jobs', 'jobs'), ('idempotency', 'idempotency'), ('versions', 'function_versions'),
    ('resources', 'resources'), ('types', 'types'), ('executions', 'executions')) as t (kind, name)
  join pg_class as c on c.relname = t.name and c.relnamespace = 'isolate'::regnamespace`;

/**
 * Has room used again that rows have left. No process of PostgreSQL's does that here: without it, who
 * writes and deletes again and again fills the disk with what nobody has any more.
 */
export class Vacuum {
  readonly #database: PGlite;
  readonly #disk: Pick<DiskReserve, "reached" | "free">;
  readonly #grown: number;
  readonly #every: number;
  #reclaimedAt = 0;
  #size = 0;
  #lookedAt = 0;

  /** `grown` is by how many bytes the tables have to grow between two times, `every` milliseconds between looks. */
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

  /** Resolves at once but for when it is time. A failure is the next one's to make good. */
  async afterWrite(): Promise<void> {
    const now = Date.now();
    if (now - this.#lookedAt < this.#every) return;
    this.#lookedAt = now;
    try {
      if ((await this.#bytes()) - this.#size < this.#grown) return;
      await this.#database.query("vacuum");
      this.#size = await this.#bytes();
    } catch {
      // A database that has failed is opened again by whoever needs it next.
    }
  }

  /**
   * To be called after a deletion: while the disk is reserved, gives it back what has been deleted. A table
   * is written anew, and its log with it, only where three times its rows fit on the disk.
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
      // What is deleted stays deleted; the next deletion tries again.
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
