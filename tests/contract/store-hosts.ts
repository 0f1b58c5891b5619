import { describe, expect, it } from "vitest";
import type { Store } from "../../server/store/contract/store.ts";
import { StorageFull, StoreConflict } from "../../server/store/contract/store-errors.ts";
import { unique } from "../helpers/store-rows.ts";

export function hostsCases(store: () => Store): void {
  const nameOf = (): string => `${unique("host")}.example`;

  describe("host names", () => {
    it("are asked for by many, had by one, and changed and deleted by their tenant alone", async () => {
      const { hosts } = store();
      const [one, other, name] = [unique("one"), unique("other"), nameOf()];
      const asked = await hosts.put({ name, tenant: one, function: "shop" });
      expect(asked).toMatchObject({
        created: true,
        host: { name, tenant: one, function: "shop", verifiedAt: null },
      });
      expect((await hosts.put({ name, tenant: other, function: null })).created).toBe(true);
      expect(await hosts.served(name)).toBeUndefined();
      const verified = await hosts.verify({ name, tenant: one });
      expect(verified?.verifiedAt).toBeInstanceOf(Date);
      // Once more, it stays as it is.
      expect(await hosts.verify({ name, tenant: one })).toEqual(verified);
      await expect(hosts.verify({ name, tenant: other })).rejects.toBeInstanceOf(StoreConflict);
      expect(await hosts.verify({ name, tenant: "nobody" })).toBeUndefined();
      const changed = await hosts.put({ name, tenant: one, function: "other" });
      expect(changed).toEqual({ created: false, host: { ...verified, function: "other" } });
      expect(await hosts.served(name)).toEqual(changed.host);
      expect(await hosts.list(one)).toEqual([changed.host]);
      expect(await hosts.delete({ name, tenant: "nobody" })).toBe(false);
      expect(await hosts.delete({ name, tenant: one })).toBe(true);
      expect(await hosts.served(name)).toBeUndefined();
      expect((await hosts.verify({ name, tenant: other }))?.tenant).toBe(other);
    });

    it("are listed by pages, also those that several ask for, and deleted with their tenant", async () => {
      const { hosts, tenants, storage } = store();
      const name = nameOf();
      const owners = [unique("t"), unique("t"), unique("t")].sort();
      for (const tenant of owners) {
        await tenants.put({ id: tenant, settings: {}, secrets: null });
        await hosts.put({ name, tenant, function: null });
      }
      const before = { name, tenant: "" };
      const first = await hosts.all({ after: before, limit: 2 });
      expect(first.map(({ tenant }) => tenant)).toEqual(owners.slice(0, 2));
      const [next] = await hosts.all({ after: first[1], limit: 1 });
      expect(next?.tenant).toBe(owners[2]);
      const [tenant = ""] = owners;
      expect((await storage.used(tenant)).kinds.hosts.count).toBe(1);
      await tenants.delete(tenant);
      expect(await hosts.list(tenant)).toEqual([]);
    });

    it("are a hundred for a tenant at most", async () => {
      const { hosts } = store();
      const tenant = unique("many");
      const names = Array.from({ length: 100 }, nameOf);
      await Promise.all(names.map((name) => hosts.put({ name, tenant, function: null })));
      const more = hosts.put({ name: nameOf(), tenant, function: null });
      await expect(more).rejects.toBeInstanceOf(StorageFull);
      // One that is there may still be changed.
      expect((await hosts.put({ name: names[0] ?? "", tenant, function: "f" })).created).toBe(
        false,
      );
    });
  });
}
