import { describe, expect, it } from "vitest";
import { OPERATOR } from "../../server/store/contract/package-sets.ts";
import { MOST_ROWS } from "../../server/store/contract/storage.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { StorageFull } from "../../server/store/contract/store-errors.ts";
import type { Lock } from "../../src/packages/types.ts";
import { NASTY, unique, version } from "../helpers/store-rows.ts";

function lock(more: Partial<Lock> = {}): Lock {
  const zod = {
    name: "zod",
    version: "4.0.0",
    path: "node_modules/zod",
    registry: "npm",
    tarball: "/zod/-/zod-4.0.0.tgz",
    integrity: "sha512-abc",
    deprecated: NASTY,
  } as const;
  return { dependencies: { zod: "^4" }, hash: "0".repeat(64), packages: [zod], ...more };
}

export function packagesCases(store: () => Store): void {
  const put = (tenant: string, name: string, limit?: number, more?: Partial<Lock>) =>
    store().packageSets.put({ tenant, name, lock: lock(more) }, limit);
  const used = async (tenant: string) => (await store().storage.used(tenant)).kinds.packages;

  describe("package sets", () => {
    it("are added, replaced, listed by name and deleted, each tenant's alone", async () => {
      const tenant = unique("tenant");
      const { set, created } = await put(tenant, "web");
      expect(created).toBe(true);
      const row = { tenant, name: "web", lock: lock(), createdAt: expect.any(Date) };
      expect(set).toEqual({ ...row, updatedAt: expect.any(Date) });
      const again = await put(tenant, "web", undefined, { dependencies: { zod: "^3" } });
      expect(again.created).toBe(false);
      expect(again.set.lock.dependencies).toEqual({ zod: "^3" });
      expect(again.set.createdAt).toEqual(set.createdAt);
      for (const name of ["b", "A"]) await put(tenant, name);
      const names = async (page: { after?: string; limit: number }) =>
        (await store().packageSets.list(tenant, page)).map(({ name }) => name);
      expect(await names({ limit: 2 })).toEqual(["A", "b"]);
      const overrides = { b: '1,"packages":[', a: { packages: "2" } };
      await put(tenant, "b", undefined, { overrides });
      const { packages: _none, ...outline } = lock({ overrides });
      const [, second] = await store().packageSets.list(tenant, { limit: 2 });
      // In the order that they were given: a request's overrides are compared with these.
      expect(JSON.stringify(second?.lock.overrides)).toBe(JSON.stringify(overrides));
      expect(second?.lock).toEqual(outline);
      expect(await names({ after: "b", limit: 2 })).toEqual(["web"]);
      expect(await store().packageSets.get("other", "web")).toBeUndefined();
      expect(await store().packageSets.get(OPERATOR, "web")).toBeUndefined();
      expect(await store().packageSets.delete("other", "web")).toBe(false);
      expect(await store().packageSets.delete(tenant, "web")).toBe(true);
      expect(await store().packageSets.get(tenant, "web")).toBeUndefined();
    });

    it("are counted, bounded by rows and bytes, and go with their tenant", async () => {
      const tenant = unique("tenant");
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      await put(tenant, "s0");
      const { bytes } = await used(tenant);
      expect(bytes).toBeGreaterThan(256);
      const large = { dependencies: { zod: "x".repeat(2_000_000) } };
      await expect(put(tenant, "s1", 1_048_576, large)).rejects.toBeInstanceOf(StorageFull);
      await expect(put(tenant, "s0", 1_048_576, large)).rejects.toBeInstanceOf(StorageFull);
      expect(await used(tenant)).toEqual({ bytes, count: 1 });
      for (let n = 1; n < MOST_ROWS.packages; n += 1) await put(tenant, `s${n}`);
      await expect(put(tenant, "more")).rejects.toBeInstanceOf(StorageFull);
      await put(tenant, "s7", undefined, { dependencies: {} });
      expect((await used(tenant)).count).toBe(MOST_ROWS.packages);
      await store().packageSets.delete(tenant, "s0");
      await put(tenant, "more");
      await store().storage.recount();
      expect((await used(tenant)).count).toBe(MOST_ROWS.packages);
      await store().tenants.delete(tenant);
      expect(await used(tenant)).toEqual({ bytes: 0, count: 0 });
      expect(await store().packageSets.get(tenant, "s7")).toBeUndefined();
    });

    it("keep the lock of a function's version, listed without it, and count it", async () => {
      const tenant = unique("tenant");
      await store().functions.deploy(version(tenant));
      const before = (await store().storage.used(tenant)).bytes;
      const text = JSON.stringify(lock({ dependencies: { zod: "x".repeat(10_000) } }));
      const locked = version(tenant, { lock: text, lockHash: "0".repeat(64) });
      const deployed = await store().functions.deploy(locked);
      expect(deployed).toMatchObject({ lock: text, lockHash: "0".repeat(64) });
      expect(await store().functions.version(tenant, "f")).toEqual(deployed);
      expect(await store().functions.version(tenant, "f", 1)).toMatchObject({ lock: null });
      const [newest] = await store().functions.versions(tenant, "f");
      expect(newest).toMatchObject({ lockHash: "0".repeat(64) });
      expect(newest).not.toHaveProperty("lock");
      expect((await store().storage.used(tenant)).bytes - before).toBeGreaterThan(10_000);
    });
  });
}
