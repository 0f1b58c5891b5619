import { describe, expect, it } from "vitest";
import { executionId } from "../../server/runs/execution-id.ts";
import type { AuditFilter } from "../../server/store/contract/audit.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { asText, NASTY, unique } from "../helpers/store-rows.ts";

export function auditCases(store: () => Store): void {
  describe("administrative changes", () => {
    it("are kept as they were, listed by filter and page, and outlive their tenant", async () => {
      const tenant = unique("tenant");
      const rows = ["tenant.create", "key.create", "key.revoke", "tenant.delete"].map(
        (action, at) => ({
          id: executionId(),
          actor: "admin",
          action,
          tenant,
          target: at === 0 ? NASTY : "t",
          detail: at === 0 ? { [NASTY]: [NASTY] } : {},
          requestId: "r",
        }),
      );
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      for (const row of rows) await store().audit.record(row);
      await store().audit.record({ ...rows[0], id: executionId(), tenant: null } as never);
      await store().tenants.delete(tenant);
      const list = async (filter: Partial<AuditFilter>) => {
        const { rows: found, next } = await store().audit.list({ tenant, limit: 9, ...filter });
        return { places: found.map(({ id }) => rows.findIndex((row) => row.id === id)), next };
      };
      expect(await list({})).toEqual({ places: [3, 2, 1, 0], next: undefined });
      const first = await list({ limit: 2 });
      expect(first).toEqual({ places: [3, 2], next: rows[2]?.id });
      expect(await list({ limit: 3, before: first.next })).toMatchObject({ places: [1, 0] });
      expect(await list({ action: "key.create" })).toMatchObject({ places: [1] });
      expect(await list({ before: "no id" })).toMatchObject({ places: [] });
      const soon = new Date(Date.now() + 3_600_000);
      const past = new Date(Date.now() - 3_600_000);
      expect(await list({ since: past, until: soon })).toMatchObject({ places: [3, 2, 1, 0] });
      expect(await list({ since: soon })).toMatchObject({ places: [] });
      expect(await list({ until: past })).toMatchObject({ places: [] });
      const all = await store().audit.list({ limit: 5 });
      expect(all.rows.map((row) => row.tenant)).toContain(null);
      const [oldest] = (await store().audit.list({ tenant, action: "tenant.create", limit: 1 }))
        .rows;
      expect(oldest).toEqual({ ...rows[0], target: asText(NASTY), at: expect.any(Date) });
      expect(await store().audit.prune(3_600_000)).toBe(0);
      expect(await store().audit.prune(-3_600_000)).toBeGreaterThanOrEqual(5);
      expect(await list({})).toEqual({ places: [], next: undefined });
    });
  });
}
