import { describe, expect, it } from "vitest";
import type { Store } from "../../server/store/contract/store.ts";
import {
  FURTHER_FUNCTIONS,
  MOST_FUNCTIONS,
  MOST_SUBJECTS,
} from "../../server/store/contract/usage.ts";
import { execution, unique } from "../helpers/store-rows.ts";

const FEBRUARY = { from: "2026-02-01", to: "2026-02-28" };

export function usageCases(store: () => Store): void {
  const at = (day: number) => new Date(Date.UTC(2026, 1, day, 12));
  const denied = (subject: string, count = 1, kind = "net") => ({ kind, subject, count });

  describe("details of use", () => {
    it("are added up by day, function and tenant, once for each execution", async () => {
      const [tenant, other] = [unique("a-tenant"), unique("b-tenant")];
      const usage = { ...execution(tenant).usage, egressBytes: 3_000_000_000 } as never;
      const twice = execution(tenant, { startedAt: at(2), function: "f", usage });
      await store().executions.record([
        twice,
        execution(tenant, { startedAt: at(2), function: "f", outcome: "timeout", usage: null }),
        execution(tenant, { startedAt: at(2), function: "F" }),
        execution(tenant, { startedAt: at(3), outcome: "refused", usage: null, duration: 100 }),
        execution(tenant, { startedAt: new Date("2026-01-31T23:59:59.999Z") }),
        execution(other, { startedAt: at(3) }),
      ]);
      await store().executions.record([twice, execution(tenant, { startedAt: at(3) })]);
      const one = { executions: 1, outcomes: { ok: 1 }, cpu: 1.5, wall: 2.5 };
      const bytes = { egressBytes: 0, bytesOut: 5 };
      const ofF = {
        key: "f",
        executions: 2,
        outcomes: { ok: 1, timeout: 1 },
        cpu: 2.75,
        wall: 2.5,
        egressBytes: 3_000_000_000,
        bytesOut: 5,
      };
      const ofCode = { ...one, executions: 2, outcomes: { ok: 1, refused: 1 }, ...bytes };
      const filter = { ...FEBRUARY, tenant };
      const by = (way: "day" | "function" | "tenant", more = {}) =>
        store().usage.groups({ ...filter, by: way, limit: 10, ...more });
      expect(await by("function")).toEqual([
        { key: "", ...ofCode },
        { key: "F", ...one, ...bytes },
        ofF,
      ]);
      expect(await by("function", { limit: 1, after: "" })).toMatchObject([{ key: "F" }]);
      expect(await by("function", { after: "f" })).toEqual([]);
      expect((await by("day")).map(({ key, executions }) => [key, executions])).toEqual([
        ["2026-02-02", 3],
        ["2026-02-03", 2],
      ]);
      expect(await store().usage.total(filter)).toEqual({
        executions: 5,
        outcomes: { ok: 3, refused: 1, timeout: 1 },
        cpu: 5.75,
        wall: 7.5,
        egressBytes: 3_000_000_000,
        bytesOut: 15,
      });
      const tenants = await store().usage.groups({ ...FEBRUARY, by: "tenant", limit: 1_000 });
      expect(tenants).toContainEqual({ key: other, ...one, ...bytes });
      expect(tenants.map(({ key }) => key).indexOf(tenant)).toBeGreaterThanOrEqual(0);
      const nobody = { ...filter, tenant: unique("nobody") };
      expect(await store().usage.total(nobody)).toMatchObject({ executions: 0, outcomes: {} });
    });

    it("have the time of sandboxes between executions, as the use has", async () => {
      const tenant = unique("tenant");
      for (const cpu of [2, 3]) await store().leases.charge([{ tenant, cpu }]);
      const today = new Date().toISOString().slice(0, 10);
      const sum = await store().usage.total({ from: today, to: today, tenant });
      expect(sum).toMatchObject({ executions: 0, outcomes: {}, cpu: 5 });
    });

    it("have what was refused, by subject", async () => {
      const [tenant, other] = [unique("tenant"), unique("other")];
      const row = {
        ...execution(tenant, { startedAt: at(2), function: "f" }),
        denied: [denied("api.example.com:443", 40), denied("HOME", 1, "env")],
      };
      const again = { ...execution(tenant, { startedAt: at(4), function: "f" }) };
      const theirs = { ...execution(other, { startedAt: at(2) }), denied: [denied("x.org:443")] };
      await store().executions.record([row, theirs]);
      await store().executions.record([
        row,
        { ...again, denied: [denied("api.example.com:443", 7)] },
      ]);
      expect(await store().usage.denials(tenant, FEBRUARY, 10)).toEqual([
        { function: "f", ...denied("api.example.com:443", 47), lastAt: at(4) },
        { function: "f", ...denied("HOME", 1, "env"), lastAt: at(2) },
      ]);
      expect(await store().usage.denials(tenant, FEBRUARY, 1)).toHaveLength(1);
      expect(await store().usage.denials(other, FEBRUARY, 10)).toHaveLength(1);
    });

    it("name so many subjects of a day, and add up the rest", async () => {
      const tenant = unique("tenant");
      const flood = (from: number, many: number) => ({
        ...execution(tenant, { startedAt: at(2), function: `f${from}` }),
        denied: Array.from({ length: many }, (_, n) => denied(`h${from + n}.org:443`)),
      });
      await store().executions.record([flood(0, MOST_SUBJECTS - 2)]);
      await store().executions.record([flood(0, 5), flood(5_000, 3), flood(6_000, 3)]);
      await store().executions.record([
        flood(0, 1),
        { ...flood(7_000, 1), denied: [denied("a"), denied("b", 2, "env")] },
      ]);
      const all = await store().usage.denials(tenant, FEBRUARY, 5_000);
      expect(all.filter(({ subject }) => subject !== "")).toHaveLength(MOST_SUBJECTS);
      expect(all).toContainEqual(expect.objectContaining({ subject: "h0.org:443", count: 3 }));
      const rest = all.filter(({ subject }) => subject === "");
      expect(rest).toMatchObject([
        { function: "", kind: "net", count: 5 },
        { function: "", kind: "env", count: 2 },
      ]);
      const count = all.reduce((sum, one) => sum + one.count, 0);
      expect(count).toBe(MOST_SUBJECTS - 2 + 5 + 6 + 1 + 3);
    });

    it("name so many functions of a day, and add up the rest", async () => {
      const tenant = unique("tenant");
      const of = (name: string, day = 2) =>
        execution(tenant, { startedAt: at(day), function: name });
      const names = Array.from({ length: MOST_FUNCTIONS - 1 }, (_, n) => `f${n}`);
      await store().executions.record(names.map((name) => of(name)));
      await store().executions.record(["a", "b", "c", "f0", ""].map((name) => of(name)));
      await store().executions.record([of("d"), of("a"), of("f1"), of("d", 3)]);
      const counts = new Map<string, number>();
      for (let key: string | undefined = ""; key !== undefined; ) {
        const page = await store().usage.groups({
          ...{ from: "2026-02-02", to: "2026-02-02", tenant },
          ...{ by: "function", limit: 5_000, after: key },
        });
        for (const group of page) counts.set(group.key, group.executions);
        key = page.at(-1)?.key;
      }
      expect(counts.get(FURTHER_FUNCTIONS)).toBe(3);
      expect(["a", "f0", "f1", "f2", "b", "d"].map((name) => counts.get(name))).toEqual([
        ...[2, 2, 2, 1],
        ...[undefined, undefined],
      ]);
      expect(counts.size).toBe(MOST_FUNCTIONS + 1);
      // Another day begins anew.
      const third = { from: "2026-02-03", to: "2026-02-03", tenant };
      const [only] = await store().usage.groups({ ...third, by: "function", limit: 9 });
      expect(only?.key).toBe("d");
    });

    it("are forgotten after their days", async () => {
      const tenant = unique("tenant");
      const row = (days: number) => ({
        ...execution(tenant, { startedAt: new Date(Date.now() - days * 86_400_000) }),
        denied: [denied("x.org:443")],
      });
      await store().executions.record([row(0), row(9), row(20)]);
      await store().usage.prune({ usage: 15, denials: 5 });
      const all = { from: "2020-01-01", to: "2100-01-01", tenant };
      expect(await store().usage.total(all)).toMatchObject({ executions: 2 });
      expect(await store().usage.denials(tenant, all, 9)).toMatchObject([{ count: 1 }]);
    });
  });
}
