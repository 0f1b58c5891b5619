import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MOST_LOOKED_AT } from "../../server/store/contract/executions.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { asText, execution, kept, NASTY, unique } from "../helpers/store-rows.ts";

export function executionsCases(store: () => Store): void {
  describe("executions", () => {
    it("are kept as they were, once, and shown to their tenant alone", async () => {
      const tenant = unique("tenant");
      const row = execution(tenant, { function: "f", version: 3, error: "Error", usage: null });
      const plain = execution(tenant);
      const other = {
        ...plain,
        usage: plain.usage && { ...plain.usage, fresh: "worker" as const },
      };
      await store().executions.record([row, other]);
      await store().executions.record([{ ...row, outcome: "crash" }, execution(tenant)]);
      expect(await store().executions.get(tenant, row.id)).toEqual(row);
      expect(await store().executions.get(tenant, other.id)).toEqual(other);
      expect(await store().executions.get("other", row.id)).toBeUndefined();
      for (const id of ["x", "\0", `${row.id}0`, `{${row.id}}`]) {
        expect(await store().executions.get(tenant, id)).toBeUndefined();
      }
      expect(await store().executions.list(tenant, { limit: 9 })).toHaveLength(3);
      await store().executions.record([]);
    });

    it("take texts that came out of a sandbox", async () => {
      const tenant = unique("tenant");
      const row = execution(tenant, { error: NASTY, permissions: [NASTY], tools: [NASTY] });
      await store().executions.record([row]);
      const error = asText(NASTY);
      expect(await store().executions.get(tenant, row.id)).toEqual({ ...row, error });
    });

    it("are listed the newest first, by page and filter", async () => {
      const tenant = unique("tenant");
      const rows = Array.from({ length: 5 }, (_, index) =>
        execution(tenant, {
          id: `00000000-0000-7000-8000-00000000000${index}`.replace(/^0{8}/, tenant.slice(-8)),
          startedAt: new Date(index * 1_000),
          outcome: index % 2 === 0 ? "ok" : "timeout",
          via: index < 3 ? "execute" : "invoke",
          function: index < 3 ? null : "f",
        }),
      );
      await store().executions.record(rows);
      const listed = async (filter: object) =>
        (await store().executions.list(tenant, { limit: 9, ...filter })).map(({ id }) =>
          rows.findIndex((row) => row.id === id),
        );
      expect(await listed({})).toEqual([4, 3, 2, 1, 0]);
      expect(await listed({ limit: 2 })).toEqual([4, 3]);
      expect(await listed({ before: rows[3]?.id, limit: 2 })).toEqual([2, 1]);
      expect(await listed({ outcome: "timeout" })).toEqual([3, 1]);
      expect(await listed({ via: "invoke", function: "f" })).toEqual([4, 3]);
      expect(await listed({ function: "\0" })).toEqual([]);
      expect(await listed({ before: "no id" })).toEqual([]);
      const range = { since: rows[1]?.startedAt, until: rows[3]?.startedAt };
      expect(await listed(range)).toEqual([2, 1]);
    });

    it("are looked through so many at a time for what a filter is about", async () => {
      const [tenant, base] = [unique("tenant"), randomUUID().slice(0, 8)];
      const id = (n: number) => `${base}-0000-7000-8000-${String(n).padStart(12, "0")}`;
      const oldest = { ...execution(tenant, { id: id(0), outcome: "crash" }), function: "f" };
      const many = Array.from({ length: MOST_LOOKED_AT }, (_, n) =>
        execution(tenant, { id: id(n + 1) }),
      );
      await store().executions.record([oldest, ...many]);
      const crashes = async (before?: string) =>
        (await store().executions.list(tenant, { outcome: "crash", before, limit: 9 })).length;
      expect(await crashes()).toBe(0);
      const last = await store().executions.lastLookedAt(tenant, {});
      expect(last).toBe(id(1));
      expect(await crashes(last)).toBe(1);
      expect(await store().executions.lastLookedAt(tenant, { before: last })).toBeUndefined();
      expect(await store().executions.lastLookedAt(tenant, { function: "f" })).toBeUndefined();
      expect(await store().executions.list(tenant, { function: "f", limit: 9 })).toEqual([oldest]);
    });

    it("of all tenants are listed together, by time and by each filter", async () => {
      const [one, two] = [unique("one"), unique("two")];
      // Far ahead, so that no other test's rows come in between.
      const base = Date.UTC(2200, 0, 1);
      const idAt = (time: number): string => {
        const digits = time.toString(16).padStart(12, "0");
        return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${randomUUID().slice(-12)}`;
      };
      const rows = [0, 1, 2, 3].map((n) => {
        const at = base + n * 3_600_000;
        const more = { id: idAt(at), startedAt: new Date(at), function: n < 2 ? "f" : null };
        return execution(n % 2 ? two : one, { ...more, outcome: n === 3 ? "crash" : "ok" });
      });
      await store().executions.record(rows);
      // Other tests have rows with ids of any time.
      const before = idAt(base + 4 * 3_600_000);
      const listed = async (filter: object, tenant?: string) =>
        (await store().executions.list(tenant, { limit: 9, before, ...filter }))
          .map(({ id }) => rows.findIndex((row) => row.id === id))
          .filter((place) => place >= 0);
      expect(await listed({})).toEqual([3, 2, 1, 0]);
      expect(await listed({}, two)).toEqual([3, 1]);
      expect(await listed({ limit: 2 })).toEqual([3, 2]);
      expect(await listed({ limit: 2, before: rows[2]?.id })).toEqual([1, 0]);
      expect(await listed({ function: "f" })).toEqual([1, 0]);
      expect(await listed({ outcome: "crash" })).toEqual([3]);
      const [, from, to] = rows.map(({ startedAt }) => startedAt);
      expect(await listed({ since: from, until: to })).toEqual([1]);
      await store().executions.prune(-400 * 365 * 86_400_000, one);
      await store().executions.prune(-400 * 365 * 86_400_000, two);
    });

    it("add up to what a tenant has used on a day", async () => {
      const tenant = unique("tenant");
      const day = (date: number) => new Date(Date.UTC(2026, 0, date));
      const at = (date: number) => ({ startedAt: day(date) });
      const twice = execution(tenant, at(2));
      await store().executions.record([
        execution(tenant, at(1)),
        twice,
        // Without a measured CPU time, the time that passed counts.
        execution(tenant, { ...at(2), usage: null, duration: 10 }),
        execution(tenant, { ...at(2), outcome: "aborted" }),
        execution(tenant, { ...at(2), outcome: "refused" }),
        execution(tenant, { ...at(2), outcome: "failed" }),
        execution("another", at(2)),
      ]);
      await store().executions.record([twice, execution(tenant, at(3))]);
      expect(await store().executions.used(tenant, day(2))).toEqual({ executions: 3, cpu: 13 });
      const none = { executions: 0, cpu: 0 };
      expect(await store().executions.used(unique("nobody"), day(2))).toEqual(none);
    });

    it("are forgotten, a tenant's or all, before a time", async () => {
      const [one, two] = [unique("one"), unique("two")];
      const old = new Date(-10_000);
      await store().executions.record(
        [one, two].flatMap((tenant) => [
          execution(tenant, { startedAt: old }),
          execution(tenant, { startedAt: new Date(0) }),
        ]),
      );
      expect(await store().executions.prune(Date.now() + 5_000, one)).toBe(1);
      expect(await store().executions.list(two, { limit: 9 })).toHaveLength(2);
      expect(await store().executions.prune(Date.now() + 5_000)).toBe(1);
      expect(await store().executions.list(one, { limit: 9 })).toHaveLength(1);
    });

    it("come by thousands", async () => {
      const tenant = unique("tenant");
      await store().executions.record(Array.from({ length: 2_500 }, () => execution(tenant)));
      const used = await store().executions.used(tenant, execution(tenant).startedAt);
      expect(used.executions).toBe(2_500);
    });

    it("go by whole days, with their logs and their count", async () => {
      const [tenant, other] = [unique("tenant"), unique("other")];
      const DAY = 86_400_000;
      const day = (Math.floor(Date.now() / DAY) + 2) * DAY;
      const ofDay = (hour: number, of = tenant) => {
        const at = day + hour * 3_600_000;
        const id = `${at
          .toString(16)
          .padStart(12, "0")
          .replace(/^(.{8})/, "$1-")}-7000-8000-${randomUUID().slice(-12)}`;
        return { ...execution(of, { id, startedAt: new Date(at) }), logs: kept([{ a: 1 }]) };
      };
      const until = (time: number) => store().executions.prune(Date.now() - time);
      const count = async (of: string) => (await store().storage.used(of)).kinds.executions.count;
      // One comes before there is a place for its day.
      const rows = [ofDay(3), ofDay(12), ofDay(23), ofDay(5, other)];
      await store().executions.record(rows.slice(0, 1));
      await store().executions.prepare();
      await store().executions.prepare();
      await store().executions.record(rows);
      const ids = async () =>
        (await store().executions.list(tenant, { limit: 9 })).map(({ id }) => id);
      expect(await ids()).toEqual([2, 1, 0].map((at) => rows[at]?.id));
      await until(day + DAY / 2);
      expect(await ids()).toHaveLength(3);
      expect([await count(tenant), await count(other)]).toEqual([3, 1]);
      expect(await until(day + DAY)).toBeGreaterThanOrEqual(4);
      expect([await ids(), await count(tenant), await count(other)]).toEqual([[], 0, 0]);
      for (const { id } of rows) expect(await store().logs.get(tenant, id)).toBeUndefined();
      // The day has no place any more, until there is a new one.
      await store().executions.record(rows);
      await store().executions.prepare();
      expect([await ids(), await count(tenant)]).toEqual([[2, 1, 0].map((at) => rows[at]?.id), 3]);
      expect(await store().executions.get(other, String(rows[3]?.id))).toMatchObject({
        tenant: other,
      });
      expect(await until(day + DAY)).toBe(4);
      // Several days go together.
      await store().executions.record(rows);
      await store().executions.prepare(4);
      await store().executions.prepare();
      expect([await ids(), await count(tenant)]).toEqual([[2, 1, 0].map((at) => rows[at]?.id), 3]);
      expect(await until(day + 5 * DAY)).toBe(4);
      expect(await ids()).toEqual([]);
    });
  });
}
