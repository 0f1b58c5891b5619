import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Postgres } from "../../dev/postgres.ts";
import type { Leases } from "../../server/store/contract/leases.ts";
import { openStore } from "../../server/store/open.ts";
import { tenantBody } from "../../src/contract/tenants.ts";
import { type Behaviour, ControlPlane } from "./control-plane.ts";
import { untouched } from "./services.ts";

/** Servers of one process over one PostgreSQL, each with connections and limits of its own. */
export class Planes {
  readonly planes: ControlPlane[] = [];
  readonly servers: ReturnType<ControlPlane["serve"]>[] = [];

  /** Opens servers. Those that are alone take the store for their own, as if no other used it. */
  static async open(url: string, count: number, { alone = false } = {}): Promise<Planes> {
    const made = new Planes();
    for (let n = 0; n < count; n += 1) {
      const store = await openStore(url);
      // A server with a store of its own leases nothing.
      const plane = new ControlPlane(
        alone ? { ...store, isShared: false, leases: untouched<Leases>("leases") } : store,
      );
      made.planes.push(plane);
      made.servers.push(plane.serve());
    }
    return made;
  }

  behave(behaviour: Behaviour): void {
    for (const plane of this.planes) plane.behave = behaviour;
  }

  /** Makes a tenant. Returns a function that sends a request of it to one of the servers. */
  async tenant(id: string, limits: object) {
    const { send } = await this.tenantWithKey(id, limits);
    return send;
  }

  async tenantWithKey(id: string, limits: object) {
    const [first] = this.servers;
    if (first === undefined) throw new Error("There is no server");
    await first.tenancy.directory.put(id, tenantBody.parse(limits));
    const { key } = await first.tenancy.keyring.create(id, "");
    const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
    const send = (
      server: number,
      path = "/execute",
      body: object | null = { code: "1" },
      more = {},
    ) =>
      (this.servers[server] ?? first).app.request(
        new Request(`http://host${path}`, {
          method: body === null ? "GET" : "POST",
          headers: { ...headers, ...more },
          ...(body && { body: JSON.stringify(body) }),
        }),
      );
    return { send, headers };
  }

  async close(): Promise<void> {
    await Promise.all(this.planes.map((plane) => plane.close()));
  }
}

/** Begins and ends of executions, by the database's clock. */
export class Overlap {
  readonly #pool: pg.Pool;
  /** Most at once, as this process counts them. */
  most = 0;
  #running = 0;

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  static async open(postgres: Postgres): Promise<Overlap> {
    const pool = new pg.Pool({ connectionString: postgres.url(), max: 20 });
    await pool.query(
      "create table overlap (id serial primary key, begun timestamptz default clock_timestamp(), ended timestamptz)",
    );
    return new Overlap(pool);
  }

  /** Makes what an execution does: it lasts so many milliseconds. */
  lasting(ms: number): Behaviour {
    return async () => {
      this.#running += 1;
      this.most = Math.max(this.most, this.#running);
      const { rows } = await this.#pool.query("insert into overlap default values returning id");
      await sleep(ms);
      await this.#pool.query("update overlap set ended = clock_timestamp() where id = $1", [
        rows[0].id,
      ]);
      this.#running -= 1;
      return { result: 1 };
    };
  }

  /** Returns the most at once by the database's clock, and forgets all. */
  async peak(): Promise<{ most: number; count: number; seconds: number }> {
    const { rows } = await this.#pool.query(`select count(*)::int as count,
      extract(epoch from max(ended) - min(begun))::float8 as seconds, coalesce(max((
        select count(*) from overlap o where o.begun <= overlap.begun and o.ended > overlap.begun
      )), 0)::int as most from overlap`);
    await this.#pool.query("delete from overlap");
    const { most, count, seconds } = rows[0];
    const found = { most: Math.max(most, this.most), count, seconds };
    this.most = 0;
    return found;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** Sends so many requests to three servers in turn, all at once. Returns how many got each status. */
export async function flood(
  send: Awaited<ReturnType<Planes["tenant"]>>,
  count: number,
  body?: object,
): Promise<Record<number, number>> {
  const all = Array.from({ length: count }, (_, n) => send(n % 3, "/execute", body));
  const statuses: Record<number, number> = {};
  for (const { status } of await Promise.all(all)) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
}
