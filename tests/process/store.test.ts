import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../server/store/errors.ts";
import { openStore } from "../../server/store/open.ts";
import type { Store } from "../../server/store/store.ts";
import { storeContract } from "../contract/store-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { Postgres } from "../helpers/postgres.ts";
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
    expect(applied).toHaveLength(1);
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

  it("does not open with a wrong password, and does not quote it", async () => {
    const opened = openStore(postgres.url("", { password: "wr0ng" }));
    await expect(opened).rejects.toThrow(/password authentication failed/);
    await expect(opened).rejects.not.toThrow("wr0ng");
  });
});

storeContract("PostgreSQL", () => openStore(postgres.url()));
