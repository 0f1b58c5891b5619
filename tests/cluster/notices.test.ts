/** Tests notices among stores that share a real PostgreSQL server. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { Notice } from "../../server/store/contract/notices.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { readNotice } from "../../server/store/notices/notice-text.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { unique } from "../helpers/store-rows.ts";

const KINDS = ["tenant", "key", "function", "packages", "subscribers", "cancel", "jobs"] as const;

let postgres: Postgres;
let cable: Cable;
/** Sends, and is reached without the cable. */
let near: Store;
/** Listens through the cable, and asks without it. */
let far: Store;

beforeAll(async () => {
  postgres = await Postgres.start();
  cable = new Cable(() => postgres.port);
  await cable.plug();
  near = await openStore(postgres.url());
  far = await openStore(postgres.url(), { directUrl: cable.url(postgres.url()) });
  await until(() => near.notices.connected && far.notices.connected);
});
afterAll(async () => {
  await Promise.all([near.close(), far.close()]);
  cable.cut();
  await postgres.stop();
});

/** Collects all notices of a store while `work` runs, and until `enough` of them have come. */
async function heard(store: Store, work: () => unknown, enough: (all: Notice[]) => boolean) {
  const all: Notice[] = [];
  const off = KINDS.map((kind) => store.notices.on(kind, (notice) => void all.push(notice)));
  await work();
  await until(() => enough(all));
  for (const remove of off) remove();
  return all;
}

const listeners =
  "select pid from pg_stat_activity where usename = 'app' and (query ~ '^(un)?listen' or query = '')";

describe("notices of changes", () => {
  it("come from the store itself, whoever writes, once committed", async () => {
    const tenant = unique("tenant");
    const key = "0123456789abcdef";
    const version = {
      tenant,
      name: "double",
      kind: "value" as const,
      files: {},
      main: "main.ts",
      code: "",
      request: {},
      public: false,
    };
    const lock = { packages: [] } as unknown as Parameters<Store["packageSets"]["put"]>[0]["lock"];
    const last = { kind: "tenant", tenant: "by-hand" };
    const all = await heard(
      far,
      async () => {
        await near.tenants.put({ id: tenant, settings: {}, secrets: null });
        await near.keys.create({ id: key, tenant, label: "", hash: "" });
        await near.functions.deploy(version);
        await near.functions.activate(tenant, "double", 1);
        await near.packageSets.put({ tenant, name: "set", lock });
        await near.tenants.delete(tenant);
        await postgres.query(
          "begin; insert into isolate.tenants values ('rolled-back', '{}'); rollback",
        );
        await postgres.query("insert into isolate.tenants (id, settings) values ('by-hand', '{}')");
      },
      (some) => some.some((one) => one.kind === "tenant" && one.tenant === "by-hand"),
    );
    const made = [
      { kind: "tenant", tenant },
      { kind: "key", key },
      { kind: "function", tenant, name: "double" },
      { kind: "function", tenant, name: "double" },
      { kind: "packages", tenant, name: "set" },
    ];
    expect(all.slice(0, 5)).toEqual(made);
    // One statement deletes all of it, in an order of its own.
    const text = (notice: object) => JSON.stringify(notice);
    const gone = [...made.slice(0, 3), made[4]].map((notice) => text(notice ?? {}));
    expect(all.slice(5, -1).map(text).sort()).toEqual(gone.sort());
    expect(all.at(-1)).toEqual(last);
    await near.tenants.delete("by-hand");
  });

  it("fail no change that has a name too long for them", async () => {
    const name = "n".repeat(9_000);
    const insert = "insert into isolate.functions (tenant, name, current, latest, kind)";
    await postgres.query(`${insert} values ('t', '${name}', 1, 1, 'value')`);
    await postgres.query("delete from isolate.functions where tenant = 't'");
  });
});

describe("notices of servers", () => {
  it("reach every server once, their own at once, and equal ones together", async () => {
    const own: Notice[] = [];
    const off = near.notices.on("cancel", (notice) => void own.push(notice));
    const sent = ["a", "b"].map((id) => ({ kind: "cancel" as const, tenant: "t", id }));
    const all = await heard(
      far,
      () => {
        for (let count = 0; count < 100; count += 1) for (const one of sent) near.notices.send(one);
        expect(own).toHaveLength(200);
        near.notices.send({ kind: "jobs" });
      },
      (some) => some.some(({ kind }) => kind === "jobs"),
    );
    expect(all).toEqual([...sent, { kind: "jobs" }]);
    await heard(
      near,
      () => far.notices.send({ kind: "jobs" }),
      (some) => some.some(({ kind }) => kind === "jobs"),
    );
    expect(own).toHaveLength(200);
    off();
  });

  it("are read as what they are, whatever somebody sends", async () => {
    for (const text of [
      "",
      "{",
      "null",
      "1",
      '{"kind":"later"}',
      '{"kind":"key"}',
      '{"kind":"key","key":1}',
    ])
      expect(readNotice(text)).toBeUndefined();
    expect(readNotice(JSON.stringify({ kind: "jobs", more: "x".repeat(1_000) }))).toBeUndefined();
    expect(readNotice('{"kind":"jobs","by":7,"__proto__":{"a":1}}')).toEqual({
      notice: { kind: "jobs" },
    });
    const all = await heard(
      far,
      async () => {
        for (const text of ["{", `{"kind":"key","key":"${"k".repeat(300)}"}`, '{"kind":"later"}'])
          await postgres.query(`notify isolate, '${text}'`);
        await postgres.query(`notify isolate, '{"kind":"key","key":"k"}'`);
      },
      (some) => some.length > 0,
    );
    expect(all).toEqual([{ kind: "key", key: "k" }]);
  });

  it("carry texts to an address, in the order they were sent", async () => {
    const texts: string[] = [];
    const off = far.notices.onText("isolate to far", (text) => void texts.push(text));
    await until(async () => {
      const [row] = await postgres.query(
        `select count(*)::int as n from pg_stat_activity where query like 'listen "isolate to far"%'`,
      );
      return row?.n === 1;
    });
    await postgres.query(
      `notify "isolate to near", 'other'; notify "isolate to far", '1'; notify "isolate to far", '2'`,
    );
    await until(() => texts.length === 2);
    expect(texts).toEqual(["1", "2"]);
    off();
  });
});

describe("a connection that listens", () => {
  /** Counts losses while `work` runs. */
  async function losses(work: (so: () => number) => Promise<void>): Promise<number> {
    let count = 0;
    const off = far.notices.onLoss(() => {
      count += 1;
    });
    await work(() => count);
    off();
    return count;
  }

  const arrives = async (): Promise<boolean> => {
    const key = unique("key");
    let came = false;
    const off = far.notices.on("key", (notice) => {
      came ||= notice.key === key;
    });
    near.notices.send({ kind: "key", key });
    await until(() => came);
    off();
    return came;
  };

  it("is made anew after its server has ended it, and says so twice", async () => {
    const count = await losses(async (so) => {
      await postgres.query(`select pg_terminate_backend(pid) from (${listeners}) as those`);
      await until(() => so() === 2 && near.notices.connected);
    });
    expect(count).toBe(2);
    expect(await arrives()).toBe(true);
  });

  it("is found to be cut within 5 s, though nobody closes it", async () => {
    const count = await losses(async () => {
      cable.deaf = true;
      const began = performance.now();
      await until(() => !far.notices.connected);
      expect(performance.now() - began).toBeLessThan(5_000);
      // Somebody takes the connection, and never answers.
      await sleep(100);
      expect(far.notices.connected).toBe(false);
      cable.deaf = false;
      cable.cut();
      await cable.plug();
      await until(() => far.notices.connected);
    });
    expect(count).toBe(2);
    expect(await arrives()).toBe(true);
  });

  it("ends with its store, also while it is away", async () => {
    const [there, away] = [new Cable(() => postgres.port), new Cable(() => postgres.port)];
    for (const one of [there, away]) await one.plug();
    for (const one of [there, away]) {
      const store = await openStore(postgres.url(), { directUrl: one.url(postgres.url()) });
      await until(() => store.notices.connected);
      if (one === away) {
        away.cut();
        await until(() => !store.notices.connected);
      }
      const began = performance.now();
      await store.close();
      expect(performance.now() - began).toBeLessThan(5_000);
      one.cut();
    }
  });
});
