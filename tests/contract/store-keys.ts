import { describe, expect, it } from "vitest";
import type { Store } from "../../server/store/contract/store.ts";
import { StoreConflict } from "../../server/store/contract/store-errors.ts";
import { asText, NASTY, unique } from "../helpers/store-rows.ts";

export function keysCases(store: () => Store): void {
  describe("keys", () => {
    it("are made for a tenant there is, listed and revoked by it alone", async () => {
      const tenant = unique("tenant");
      const key = { id: unique("key"), tenant, label: NASTY, hash: "ab" };
      await expect(store().keys.create(key)).rejects.toBeInstanceOf(StoreConflict);
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      await store().keys.create(key);
      await expect(store().keys.create(key)).rejects.toBeInstanceOf(StoreConflict);
      // PostgreSQL's text has neither NUL nor half a surrogate pair; the rest is unchanged.
      const label = asText(NASTY);
      expect(await store().keys.get(key.id)).toMatchObject({ ...key, label });
      expect(await store().keys.list(tenant)).toHaveLength(1);
      expect(await store().keys.revoke("other", key.id)).toBe(false);
      expect(await store().keys.revoke(tenant, key.id)).toBe(true);
      expect(await store().keys.get(key.id)).toBeUndefined();
      expect(await store().keys.get("\0")).toBeUndefined();
    });
  });
}
