import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { StoreUnavailable } from "../../server/store/contract/store-errors.ts";
import { MIGRATIONS } from "../../server/store/drizzle/migrations.ts";
import { openStore } from "../../server/store/open.ts";
import { storeContract } from "../contract/store-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { formerFaults, formerSnapshots } from "../helpers/former-tables.ts";
import { execution, job, unique } from "../helpers/store-rows.ts";

let postgres: Postgres;

beforeAll(async () => {
  postgres = await Postgres.start();
});

afterAll(() => postgres.stop());

describe("a store in PostgreSQL", () => {
  it("is made once, whoever comes at the same time", async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openStore(postgres.url())));
    const applied = await postgres.query("select * from isolate.migrations");
    const steps = (await readdir(MIGRATIONS.migrationsFolder)).filter((name) =>
      name.endsWith(".sql"),
    );
    expect(applied).toHaveLength(steps.length);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("says so while it is out of reach, and goes on when it is back", async () => {
    const cable = new Cable(() => postgres.port);
    await cable.plug();
    const store: Store = await openStore(cable.url(postgres.url()));
    const tenant = unique("tenant");
    await store.executions.record([execution(tenant)]);
    cable.cut();
    for (const call of [
      () => store.ping(),
      () => store.executions.record([execution(tenant)]),
      () => store.tenants.get(tenant),
    ]) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(String(error)).not.toContain(postgres.password);
    }
    await cable.plug();
    await store.executions.record([execution(tenant)]);
    expect(await store.executions.list(tenant, { limit: 9 })).toHaveLength(2);
    await store.close();
    cable.cut();
  });

  it("claims jobs that no other host is claiming just then, and waits for none", async () => {
    const store = await openStore(postgres.url());
    const other = new pg.Client(postgres.url());
    await other.connect();
    const [tenant, owner] = [unique("tenant"), unique("owner")];
    const [theirs, ours] = [job(tenant), job(tenant)];
    for (const one of [theirs, ours]) await store.jobs.accept(one, 9);
    await other.query("begin");
    await other.query("select * from isolate.jobs where id = $1 for update", [theirs.id]);
    const claim = async () => (await store.jobs.claim(owner, 60_000, 9)).map(({ id }) => id);
    const claimed = await Promise.race([claim(), sleep(5_000)]);
    await other.end();
    expect(claimed).toEqual([ours.id]);
    expect(await claim()).toEqual([theirs.id]);
    expect(await store.tenants.delete(tenant)).toBe(false);
    await store.close();
  });

  it("counts what an earlier server has left, and mends a count that is wrong", async () => {
    const database = "earlier";
    await postgres.query(`create database ${database} owner app`, "postgres");
    const url = postgres.url().replace(/\/app$/, `/${database}`);
    const client = new pg.Client(url);
    await client.connect();
    const { migrationsFolder } = MIGRATIONS;
    const first = await readFile(join(migrationsFolder, "0000_store.sql"), "utf8");
    const { entries } = JSON.parse(
      await readFile(join(migrationsFolder, "meta/_journal.json"), "utf8"),
    ) as { entries: { when: number }[] };
    await client.query(first);
    await client.query("create table isolate.migrations (id serial, hash text, created_at bigint)");
    await client.query("insert into isolate.migrations (hash, created_at) values ('', $1)", [
      entries[0]?.when,
    ]);
    await client.query("insert into isolate.domains (domain, tenant) values ('x.org', 'acme')");
    await client.query(`insert into isolate.resources (locator, domain, manifest, archive)
      values ('x.org/Old.text@1', 'x.org', '{}', '${"x".repeat(1_000)}')`);
    await client.query(`insert into isolate.executions
        (id, tenant, request_id, via, level, tools, permissions, outcome, started_at, duration, cpu)
      select gen_random_uuid(), 'acme', '', 'execute', 'none', '[]', '{}', outcome, now() - age * interval '1 day', 5, cpu
      from (values ('ok', 0, 1.5), ('ok', 0, null), ('failed', 0, 7), ('ok', 2, 7)) as t (outcome, age, cpu)`);
    const store = await openStore(url);
    const [{ today }] = (await client.query("select now() as today")).rows;
    await client.query("delete from isolate.executions");
    expect(await store.executions.used("acme", today)).toEqual({ executions: 2, cpu: 6.5 });
    await client.query("delete from isolate.storage where kind = 'executions'");
    const { bytes, kinds } = await store.storage.used("acme");
    expect(kinds.resources).toEqual({ bytes: 256 + 2 * 16 + 2 + 1_000, count: 1 });
    expect(bytes).toBe(kinds.resources.bytes + kinds.domains.bytes);
    const found = await store.resources.search({ text: "old", offset: 0, limit: 9 });
    expect(found).toEqual({ locators: ["x.org/Old.text@1"], total: 1 });
    await client.query("update isolate.storage set bytes = 123456789, count = 7");
    await store.storage.recount();
    expect(await store.storage.used("acme")).toMatchObject({ bytes, kinds });
    expect(await store.resources.delete("acme", "x.org/Old.text@1")).toBe("deleted");
    expect((await store.storage.used("acme")).kinds.resources).toEqual({ bytes: 0, count: 0 });
    await store.close();
    await client.end();
  });

  it("does not open with a wrong password, and does not quote it", async () => {
    const opened = openStore(postgres.url("", { password: "wr0ng" }));
    await expect(opened).rejects.toThrow(/password authentication failed/);
    await expect(opened).rejects.not.toThrow("wr0ng");
  });
});

describe("servers of different versions over one store", () => {
  let client: pg.Client;
  beforeAll(async () => {
    await (await openStore(postgres.url())).close();
    client = new pg.Client(postgres.url());
    await client.connect();
  });
  afterAll(() => client.end());

  it("write and read by the tables as they were", async () => {
    const snapshots = await formerSnapshots();
    expect(snapshots.length).toBeGreaterThan(1);
    for (const [name, tables] of snapshots) {
      expect([name, await formerFaults(client, tables)]).toEqual([name, []]);
    }
  });

  it.each([
    ["a column that others leave out", "alter table isolate.jobs add later text not null"],
    ["another name", "alter table isolate.tenants rename settings to set"],
    ["another type", "alter table isolate.executions alter cpu type text"],
    ["no table", "drop table isolate.package_sets"],
    ["no key", "alter table isolate.idempotency drop constraint idempotency_tenant_key_pk"],
    ["a check", "alter table isolate.types add check (name <> code)"],
    ["no default", "alter table isolate.jobs alter accepted_at drop default"],
  ])("would find %s", async (_what, change) => {
    const last = (await formerSnapshots()).at(-1);
    expect(await formerFaults(client, last?.[1] ?? {}, change)).not.toEqual([]);
  });

  it("end at a major version, which an earlier server refuses", async () => {
    await client.query("comment on schema isolate is 'major 1'");
    await (await openStore(postgres.url())).close();
    await client.query("comment on schema isolate is 'major 2'");
    await expect(openStore(postgres.url())).rejects.toThrow("major version 2");
    await client.query("comment on schema isolate is null");
    await (await openStore(postgres.url())).close();
  });
});

storeContract("PostgreSQL", () => openStore(postgres.url()));
