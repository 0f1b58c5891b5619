import { describe, expect, it } from "vitest";
import { StoreConflict } from "../../server/store/errors.ts";
import type { Store } from "../../server/store/store.ts";
import type { BundledType } from "../../src/resourcex/type.ts";
import { NASTY, unique } from "../helpers/store-rows.ts";

function type(name: string, more: Partial<BundledType> = {}): BundledType {
  return { name, aliases: [`${name}-too`], description: NASTY, schema: {}, code: NASTY, ...more };
}

export function typesCases(store: () => Store): void {
  describe("types", () => {
    it("are had by each of their names, by their tenant alone", async () => {
      const tenant = unique("tenant");
      await store().types.add(tenant, type("a"));
      const row = { tenant, name: "a", type: type("a"), createdAt: expect.any(Date) };
      expect(await store().types.get(tenant, "a")).toEqual(row);
      expect(await store().types.get(tenant, "a-too")).toEqual(row);
      expect(await store().types.get("other", "a")).toBeUndefined();
      expect(await store().types.get(tenant, "b")).toBeUndefined();
      const { code: _code, ...described } = type("a");
      expect(await store().types.list(tenant)).toEqual([described]);
    });

    it("are not added if one of their names is taken, in no part", async () => {
      const tenant = unique("tenant");
      await store().types.add(tenant, type("a"));
      for (const taken of [
        type("a", { aliases: [] }),
        type("a-too", { aliases: [] }),
        type("b", { aliases: ["c", "a"] }),
      ]) {
        await expect(store().types.add(tenant, taken)).rejects.toBeInstanceOf(StoreConflict);
      }
      expect(await store().types.list(tenant)).toHaveLength(1);
      expect(await store().types.get(tenant, "c")).toBeUndefined();
      await store().types.add(unique("other"), type("a"));
      await store().types.add(tenant, type("d", { aliases: ["d", "d"] }));
    });

    it("go with their tenant", async () => {
      const tenant = unique("tenant");
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      await store().types.add(tenant, type("a"));
      await store().tenants.delete(tenant);
      expect(await store().types.get(tenant, "a-too")).toBeUndefined();
      await store().types.add(tenant, type("a"));
    });
  });
}
