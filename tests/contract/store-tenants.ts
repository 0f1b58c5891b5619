import { describe, expect, it } from "vitest";
import type { Store } from "../../server/store/contract/store.ts";
import { execution, job, NASTY, unique, version } from "../helpers/store-rows.ts";

export function tenantsCases(store: () => Store): void {
  describe("tenants", () => {
    it("are made, replaced, listed by id and deleted", async () => {
      const ids = ["B", "a", "a-b", "aB", "ab"].map((end) => `order-${end}`);
      for (const id of [...ids].reverse()) {
        expect(await store().tenants.put({ id, settings: {}, secrets: null })).toEqual({
          created: true,
        });
      }
      const changed = { id: ids[0] ?? "", settings: { text: NASTY }, secrets: "sealed" };
      expect(await store().tenants.put(changed)).toEqual({ created: false });
      expect(await store().tenants.get(changed.id)).toMatchObject(changed);
      const page = await store().tenants.list({ after: "order-", limit: 3 });
      expect(page.map(({ id }) => id)).toEqual(ids.slice(0, 3));
      const rest = await store().tenants.list({ after: ids[2], limit: 2 });
      expect(rest.map(({ id }) => id)).toEqual(ids.slice(3));
      expect(await store().tenants.delete(changed.id)).toBe(true);
      expect(await store().tenants.delete(changed.id)).toBe(false);
      expect(await store().tenants.get(changed.id)).toBeUndefined();
    });

    it("are replaced in one state alone, and each change makes another", async () => {
      const id = unique("tenant");
      const made = { id, settings: {}, secrets: null };
      const changed = { ...made, settings: { timeout: 5 } };
      const read = async () => {
        const row = await store().tenants.get(id);
        if (row === undefined) throw new Error("It was made");
        return row;
      };
      expect(
        await store().tenants.put(made, { revision: 1, updatedAt: new Date() }),
      ).toBeUndefined();
      expect(await store().tenants.put(made, null)).toEqual({ created: true });
      expect(await store().tenants.put(changed, null)).toBeUndefined();
      const first = await read();
      const both = [1, 2].map(() => store().tenants.put(changed, first));
      expect((await Promise.all(both)).filter(Boolean)).toEqual([{ created: false }]);
      expect(await read()).toMatchObject({
        revision: first.revision + 1,
        settings: { timeout: 5 },
      });
      await store().tenants.put(made);
      const third = await read();
      expect(await store().tenants.suspend(id, { reason: NASTY })).toBe(true);
      expect(await store().tenants.put(changed, third)).toBeUndefined();
      const { suspendedAt } = await read();
      expect(suspendedAt).toEqual(expect.any(Date));
      expect(await store().tenants.suspend(id, { reason: null })).toBe(true);
      await store().tenants.put(changed);
      const suspended = { suspendedAt, suspendedReason: null, settings: { timeout: 5 } };
      expect(await read()).toMatchObject(suspended);
      expect(await store().tenants.suspend(id, null)).toBe(true);
      expect(await read()).toMatchObject({ suspendedAt: null, revision: third.revision + 4 });
      expect(await store().tenants.suspend(unique("nobody"), null)).toBe(false);
    });

    it("go with everything of theirs, and nothing of another's", async () => {
      const [gone, kept] = [unique("gone"), unique("kept")];
      for (const id of [gone, kept]) {
        await store().tenants.put({ id, settings: {}, secrets: null });
        await store().keys.create({ id: unique(id), tenant: id, label: "", hash: "00" });
        await store().functions.deploy(version(id));
        await store().executions.record([execution(id)]);
        await store().jobs.accept(job(id), 9);
        await store().idempotency.begin(id, "key", "print", 60_000);
      }
      await store().tenants.delete(gone);
      const left = async (id: string) => [
        (await store().keys.list(id)).length,
        (await store().functions.versions(id, "f")).length,
        (await store().executions.list(id, { limit: 9 })).length,
        await store().jobs.pending(id),
        (await store().idempotency.begin(id, "key", "print", 60_000)).state,
      ];
      expect(await left(gone)).toEqual([0, 0, 0, 0, "new"]);
      expect(await left(kept)).toEqual([1, 1, 1, 1, "running"]);
    });

    it("inherit nothing that was written down for one that was gone", async () => {
      const id = unique("again");
      const writeLate = async (tenant: string) => {
        await store().functions.deploy(version(tenant));
        await store().executions.record([execution(tenant)]);
        await store().jobs.accept(job(tenant), 9);
        await store().idempotency.begin(tenant, "key", "print", 60_000);
      };
      const left = async (tenant: string) => [
        (await store().functions.versions(tenant, "f")).length,
        (await store().executions.list(tenant, { limit: 9 })).length,
        await store().jobs.pending(tenant),
      ];
      await writeLate(id);
      await store().tenants.put({ id, settings: {}, secrets: null });
      expect(await left(id)).toEqual([0, 0, 0]);
      expect((await store().idempotency.begin(id, "key", "other", 60_000)).state).toBe("new");
      await writeLate(id);
      await store().tenants.put({ id, settings: {}, secrets: null });
      expect(await left(id)).toEqual([1, 1, 1]);
      await writeLate("default");
      await store().tenants.put({ id: "default", settings: {}, secrets: null });
      expect(await left("default")).toEqual([1, 1, 1]);
      await store().tenants.delete("default");
    });
  });
}
