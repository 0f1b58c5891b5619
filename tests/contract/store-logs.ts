import { describe, expect, it } from "vitest";
import { MOST_LISTED, MOST_WRITTEN } from "../../server/store/contract/logs.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { execution, kept, NASTY, unique } from "../helpers/store-rows.ts";

const DAY = 86_400_000;

export function logsCases(store: () => Store): void {
  describe("logs", () => {
    const record = (tenant: string, entries: unknown, more: object = {}, logs: object = {}) => {
      const row = { ...execution(tenant, more), logs: kept(entries, logs) };
      return store()
        .executions.record([row])
        .then(() => row);
    };
    const listed = async (tenant: string, filter: object = {}) =>
      store().logs.list(tenant, { function: "f", limit: 9, ...filter });
    const bytes = async (tenant: string) => (await store().storage.used(tenant)).kinds.logs.bytes;
    const id = (base: string, n: number) => `${base}-0000-7000-8000-${String(n).padStart(12, "0")}`;

    it("are kept with their execution as they were, once, and shown to its tenant alone", async () => {
      const tenant = unique("tenant");
      const entries = [{ level: "log", message: NASTY, stream: "stdout" }, { "\0": "\ud800" }];
      const row = await record(tenant, entries, { function: "f", version: 3 }, { dropped: 7 });
      await store().executions.record([{ ...row, logs: kept(["another"]) }]);
      const found = await store().logs.get(tenant, row.id);
      expect(found).toEqual({
        id: row.id,
        version: 3,
        startedAt: row.startedAt,
        entries: JSON.stringify(entries),
        dropped: 7,
      });
      expect(JSON.parse(found?.entries ?? "")).toEqual(entries);
      expect(await store().logs.get(unique("other"), row.id)).toBeUndefined();
      expect(await store().logs.get(tenant, "no id")).toBeUndefined();
      const { logs: _, ...plain } = row;
      expect(await store().executions.get(tenant, row.id)).toEqual(plain);
      const silent = execution(tenant);
      await store().executions.record([silent]);
      expect(await store().logs.get(tenant, silent.id)).toBeUndefined();
    });

    it("are listed for a function, the newest first, by what they match", async () => {
      const [tenant, base] = [unique("tenant"), unique("").slice(1, 9)];
      const at = (n: number) => new Date(1_000 * n);
      for (let n = 1; n <= 5; n += 1) {
        const more = { id: id(base, n), startedAt: at(n), function: "f", version: n % 2 };
        await record(tenant, [n], more, { level: n });
      }
      await record(tenant, ["other"], { id: id(base, 6), function: "g", version: 1 });
      const numbers = async (filter: object = {}) =>
        (await listed(tenant, filter)).rows.map(({ entries }) => JSON.parse(entries)[0]);
      expect(await numbers()).toEqual([5, 4, 3, 2, 1]);
      expect(await listed(tenant, { limit: 2 })).toMatchObject({ next: id(base, 4) });
      expect(await numbers({ limit: 2, before: id(base, 4) })).toEqual([3, 2]);
      expect((await listed(tenant)).next).toBeUndefined();
      expect(await numbers({ version: 1 })).toEqual([5, 3, 1]);
      expect(await numbers({ level: 4 })).toEqual([5, 4]);
      expect(await numbers({ since: at(3) })).toEqual([5, 4, 3]);
      expect(await numbers({ function: "\0" })).toEqual([]);
      expect(await numbers({ before: "no id" })).toEqual([]);
      expect(await listed(unique("other"))).toEqual({ rows: [] });
    });

    it("come in pages of so many bytes, and one execution at least", async () => {
      const [tenant, base] = [unique("tenant"), unique("").slice(1, 9)];
      const half = "x".repeat(MOST_LISTED / 2);
      for (let n = 1; n <= 4; n += 1) {
        const text = n === 1 ? half + half : half;
        await record(tenant, [text], { id: id(base, n), function: "f", version: 1 });
      }
      const first = await listed(tenant);
      expect(first.rows.map((row) => row.id)).toEqual([id(base, 4), id(base, 3)]);
      expect(first.next).toBe(id(base, 3));
      const second = await listed(tenant, { before: first.next });
      expect(second.rows.map((row) => row.id)).toEqual([id(base, 2), id(base, 1)]);
      expect((await listed(tenant, { before: id(base, 2) })).rows).toHaveLength(1);
    });

    it("of other servers are told by when they were written", async () => {
      const [tenant, other] = [unique("tenant"), unique("server")];
      const written = (since?: Date, known: string[] = []) =>
        store().logs.written(tenant, { function: "f", except: "own", since, known });
      await record(tenant, ["before"], { function: "f" }, { server: other });
      await new Promise((resolve) => setTimeout(resolve, 5));
      const { at, rows } = await written();
      expect(rows).toEqual([]);
      await record(tenant, ["own"], { function: "f" }, { server: "own" });
      await record(tenant, ["g"], { function: "g" }, { server: other });
      // Began long ago, and sorts before all others.
      const old = { function: "f", id: id("00000000", Date.now() % 1e12), startedAt: new Date(0) };
      const late = await record(tenant, ["late"], old, { server: other });
      const next = await written(at);
      expect(next.rows.map((row) => row.entries)).toEqual(['["late"]']);
      expect(next.rows[0]?.recordedAt.getTime()).toBeGreaterThanOrEqual(at.getTime());
      expect((await written(at, [late.id])).rows).toEqual([]);
      expect((await written(new Date(Date.now() + DAY))).rows).toEqual([]);
      const many = Array.from({ length: MOST_WRITTEN + 5 }, () => ({
        ...execution(tenant, { function: "f" }),
        logs: kept([1], { server: other }),
      }));
      await store().executions.record(many);
      expect((await written(at)).rows).toHaveLength(MOST_WRITTEN);
    });

    it("give way, the oldest first, beyond the most of their tenant, and to no other", async () => {
      const [tenant, other] = [unique("tenant"), unique("other")];
      const base = unique("").slice(1, 9);
      const rows = Array.from({ length: 20 }, (_, n) => ({
        ...execution(tenant, { id: id(base, n), function: "f" }),
        logs: kept(["x".repeat(99_000)], { most: 1_048_576 }),
      }));
      await record(other, ["theirs"]);
      await store().executions.record(rows);
      expect(await bytes(tenant)).toBeLessThanOrEqual(1_048_576);
      expect(await bytes(tenant)).toBeGreaterThan(800_000);
      const left = (await listed(tenant, { limit: 50 })).rows;
      expect(left[0]?.id).toBe(id(base, 19));
      expect(left.length).toBeLessThan(11);
      expect(await store().executions.list(tenant, { limit: 50 })).toHaveLength(20);
      expect((await store().storage.used(other)).kinds.logs.count).toBe(1);
      // They are no part of what the tenant stores otherwise.
      expect((await store().storage.used(tenant)).bytes).toBe(0);
      await store().storage.recount();
      expect((await store().storage.used(tenant)).bytes).toBe(0);
    });

    it("go with their executions, and with their tenant", async () => {
      const [tenant, gone] = [unique("tenant"), unique("gone")];
      const old = await record(tenant, ["old"], { startedAt: new Date(-10_000) });
      const young = await record(tenant, ["young"], { startedAt: new Date(0) });
      expect(await store().executions.prune(Date.now() + 5_000, tenant)).toBe(1);
      expect(await store().logs.get(tenant, old.id)).toBeUndefined();
      expect(await store().logs.get(tenant, young.id)).toBeDefined();
      expect((await store().storage.used(tenant)).kinds.logs.count).toBe(1);
      await store().tenants.put({ id: gone, settings: {}, secrets: null });
      const theirs = await record(gone, ["theirs"]);
      await store().tenants.delete(gone);
      expect(await store().logs.get(gone, theirs.id)).toBeUndefined();
      expect(await bytes(gone)).toBe(0);
    });
  });
}
