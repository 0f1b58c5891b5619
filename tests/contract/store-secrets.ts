import { describe, expect, it } from "vitest";
import { MOST_ROWS } from "../../server/store/contract/storage.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { StorageFull } from "../../server/store/contract/store-errors.ts";
import { unique } from "../helpers/store-rows.ts";

export function secretsCases(store: () => Store): void {
  const put = (tenant: string, name: string, sealed = "v1.abc", limit?: number) =>
    store().secrets.put({ tenant, name, sealed }, limit);

  describe("secrets", () => {
    it("are added, replaced with the next version, listed and deleted, each tenant's alone", async () => {
      const tenant = unique("tenant");
      const { secret, created } = await put(tenant, "TOKEN");
      expect(created).toBe(true);
      const times = { createdAt: expect.any(Date), updatedAt: expect.any(Date) };
      expect(secret).toEqual({ tenant, name: "TOKEN", version: 1, ...times });
      const again = await Promise.all(
        ["a", "b", "c"].map((sealed) => put(tenant, "TOKEN", sealed)),
      );
      expect(again.map((one) => one.secret.version).sort()).toEqual([2, 3, 4]);
      expect(again.some((one) => one.created)).toBe(false);
      expect(await store().secrets.get(tenant, "TOKEN")).toEqual({
        ...secret,
        version: 4,
        sealed: again.map((one, n) => [one.secret.version, "abc"[n]]).find(([v]) => v === 4)?.[1],
        updatedAt: expect.any(Date),
      });
      for (const name of ["b", "A"]) await put(tenant, name);
      const list = (page: { after?: string; limit: number }) => store().secrets.list(tenant, page);
      expect((await list({ limit: 2 })).map(({ name }) => name)).toEqual(["A", "TOKEN"]);
      expect(await list({ after: "TOKEN", limit: 9 })).toEqual([
        { tenant, name: "b", version: 1, ...times },
      ]);
      expect(await store().secrets.get("other", "TOKEN")).toBeUndefined();
      expect(await store().secrets.delete("other", "TOKEN")).toBe(false);
      expect(await store().secrets.delete(tenant, "TOKEN")).toBe(true);
      expect((await put(tenant, "TOKEN")).secret.version).toBe(1);
    });

    it("are counted, bounded by rows and bytes, and go with their tenant", async () => {
      const tenant = unique("tenant");
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      const used = async () => (await store().storage.used(tenant)).kinds.secrets;
      await put(tenant, "S0", "x".repeat(100));
      expect(await used()).toEqual({ count: 1, bytes: 256 + 2 + 100 });
      const bytes = put(tenant, "S0", "x".repeat(2_000), 1_000);
      await expect(bytes).rejects.toMatchObject({ code: "STORAGE_TOO_LARGE" });
      const names = Array.from({ length: MOST_ROWS.secrets - 1 }, (_, n) => `S${n + 1}`);
      for (const name of names) await put(tenant, name);
      await expect(put(tenant, "MORE")).rejects.toBeInstanceOf(StorageFull);
      expect((await put(tenant, "S0")).created).toBe(false);
      await store().tenants.delete(tenant);
      expect(await store().secrets.list(tenant, { limit: 9 })).toEqual([]);
      expect(await used()).toEqual({ count: 0, bytes: 0 });
    });
  });
}
