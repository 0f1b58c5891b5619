import { describe, expect, it } from "vitest";
import type { Page } from "../../server/store/contract/page.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { StoreConflict } from "../../server/store/contract/store-errors.ts";
import { MOST_DESCRIBED } from "../../server/store/contract/types.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { NASTY, unique } from "../helpers/store-rows.ts";

function type(name: string, more: Partial<BundledType> = {}): BundledType {
  return { name, aliases: [`${name}-too`], description: NASTY, schema: {}, code: NASTY, ...more };
}

export function typesCases(store: () => Store): void {
  const list = (tenant: string, page: Page = { limit: 9 }) => store().types.list(tenant, page);

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
      const listed = { name: "a", described: JSON.stringify(described) };
      expect(await list(tenant)).toEqual({ types: [listed], more: false });
    });

    it("come by name, page by page, and fewer at a time if they are large", async () => {
      const tenant = unique("tenant");
      for (const name of ["c", "b", "B", "a"]) await store().types.add(tenant, type(name));
      const names = async (page: Page) => {
        const { types, more } = await list(tenant, page);
        return [types.map(({ name }) => name).join(), more];
      };
      expect(await names({ limit: 3 })).toEqual(["B,a,b", true]);
      expect(await names({ limit: 4 })).toEqual(["B,a,b,c", false]);
      expect(await names({ after: "a", limit: 2 })).toEqual(["b,c", false]);
      expect(await names({ after: "c", limit: 2 })).toEqual(["", false]);
      const schema = { title: "\u{1f600}".repeat(MOST_DESCRIBED / 2) };
      for (const name of ["d", "e", "f"]) await store().types.add(tenant, type(name, { schema }));
      expect(await names({ after: "b", limit: 9 })).toEqual(["c,d,e", true]);
      expect(await names({ after: "e", limit: 9 })).toEqual(["f", false]);
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
      expect((await list(tenant)).types).toHaveLength(1);
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
