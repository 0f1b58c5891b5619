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
      const all = { scopes: null, expiresAt: null };
      expect(await store().keys.list(tenant)).toMatchObject([{ ...all, lastUsedAt: null }]);
      expect(await store().keys.revoke("other", key.id)).toBe(false);
      expect(await store().keys.revoke(tenant, key.id)).toBe(true);
      expect(await store().keys.get(key.id)).toBeUndefined();
      expect(await store().keys.get("\0")).toBeUndefined();
    });

    it("have scopes and an end, and the last of their noted uses", async () => {
      const tenant = unique("tenant");
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      const rights = { scopes: ["read", "invoke:f"], expiresAt: new Date("2100-01-02T03:04:05Z") };
      const key = { id: unique("key"), tenant, label: "", hash: "ab", ...rights };
      await store().keys.create(key);
      expect(await store().keys.get(key.id)).toMatchObject(rights);
      const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
      const use = (second: number) => ({ key: key.id, at: at(second) });
      await store().keys.used([{ key: unique("gone"), at: at(9) }, use(2)]);
      await store().keys.used([use(1)]);
      expect(await store().keys.list(tenant)).toMatchObject([{ ...rights, lastUsedAt: at(2) }]);
      await store().keys.used([use(3)]);
      expect(await store().keys.list(tenant)).toMatchObject([{ lastUsedAt: at(3) }]);
      expect(await store().keys.revoke(tenant, key.id)).toBe(true);
      await store().keys.used([use(4)]);
    });
  });
}
