import { describe, expect, it } from "vitest";
import { executionId } from "../../server/runs/execution-id.ts";
import {
  MOST_RUNS,
  type ScheduleRow,
  type Serving,
} from "../../server/store/contract/schedules.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { StorageFull, StoreConflict } from "../../server/store/contract/store-errors.ts";
import { unique, version } from "../helpers/store-rows.ts";

const MINUTE = 60_000;

export function schedulesCases(store: () => Store): void {
  const schedules = () => store().schedules;
  const put = (tenant: string, name: string, more: Partial<ScheduleRow> = {}, limit?: number) =>
    schedules().put(
      {
        ...{ tenant, function: "f", name, cron: "* * * * *", timezone: "UTC", input: null },
        ...{ overlap: "queue", paused: false, nextAt: new Date(Date.now() + MINUTE), ...more },
      },
      limit,
    );
  const owner = async (): Promise<string> => {
    const tenant = unique("tenant");
    await store().functions.deploy(version(tenant));
    return tenant;
  };
  const job = (more: object = {}): Exclude<Serving["job"], string> => ({
    ...{ id: executionId(), requestId: "r", version: 1, request: { entry: "default" } },
    ...{ context: '{"schedule":"s"}', ...more },
  });
  const serving = (name: string, dueAt: Date, more: Partial<Serving> = {}): Serving => ({
    ...{ function: "f", name, dueAt, latest: dueAt, nextAt: new Date(dueAt.getTime() + MINUTE) },
    ...{ job: job(), ...more },
  });
  /** Returns the due schedules of a tenant, among those of all tests. */
  const dueOf = async (tenant: string) =>
    (await schedules().due(2_000)).due.filter((one) => one.tenant === tenant);
  const outcomes = async (tenant: string, name: string) =>
    (await schedules().runs(tenant, "f", name)).map(({ outcome }) => outcome);
  const claimed = async (tenant: string, owner = "o") =>
    (await store().jobs.claim(owner, MINUTE, 2_000)).filter((one) => one.tenant === tenant);

  describe("schedules", () => {
    it("are added, replaced, listed by name and deleted, each tenant's alone", async () => {
      const tenant = await owner();
      const nextAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 + MINUTE);
      const { schedule, created } = await put(tenant, "b", { nextAt, input: '{"a":1}' });
      expect(created).toBe(true);
      expect(schedule).toEqual({
        ...{ tenant, function: "f", name: "b", cron: "* * * * *", timezone: "UTC" },
        ...{ input: '{"a":1}', overlap: "queue", paused: false, nextAt },
        ...{ createdAt: expect.any(Date), updatedAt: expect.any(Date) },
      });
      // The same times keep the next one, which may be due already. Others do not.
      const later = new Date(nextAt.getTime() + MINUTE);
      const same = await put(tenant, "b", { nextAt: later, input: "null" });
      expect([same.created, same.schedule.nextAt, same.schedule.input]).toEqual([
        false,
        nextAt,
        "null",
      ]);
      expect(
        (await put(tenant, "b", { cron: "0 * * * *", nextAt: later })).schedule.nextAt,
      ).toEqual(later);
      expect((await put(tenant, "b", { paused: true, nextAt: null })).schedule.nextAt).toBeNull();
      expect((await put(tenant, "b", { nextAt })).schedule.nextAt).toEqual(nextAt);
      for (const name of ["c", "A"]) await put(tenant, name);
      const names = async (page: { after?: string; limit: number }) =>
        (await schedules().list(tenant, "f", page)).map(({ name }) => name);
      expect(await names({ limit: 2 })).toEqual(["A", "b"]);
      expect(await names({ after: "b", limit: 2 })).toEqual(["c"]);
      expect(await schedules().get("other", "f", "b")).toBeUndefined();
      expect(await schedules().delete("other", "f", "b")).toBe(false);
      expect(await schedules().delete(tenant, "f", "b")).toBe(true);
      expect(await schedules().get(tenant, "f", "b")).toBeUndefined();
      await expect(put("nobody", "b")).rejects.toBeInstanceOf(StoreConflict);
      await store().functions.delete(tenant, "f");
      expect(await names({ limit: 5 })).toEqual([]);
      expect((await store().storage.used(tenant)).kinds.schedules.count).toBe(0);
    });

    it("are counted, bounded by bytes, and go with their tenant", async () => {
      const tenant = await owner();
      await put(tenant, "s0");
      await expect(put(tenant, "s1", { input: `"${"x".repeat(60_000)}"` }, 30_000)).rejects.toThrow(
        StorageFull,
      );
      await put(tenant, "s0", { overlap: "skip" });
      await store().storage.recount();
      const { count, bytes } = (await store().storage.used(tenant)).kinds.schedules;
      expect([count, bytes > 512]).toEqual([1, true]);
      await store().tenants.delete(tenant);
      expect(await schedules().list(tenant, "f", { limit: 5 })).toEqual([]);
    });

    it("are due by the store's clock, once, whichever server serves them", async () => {
      const tenant = await owner();
      const now = await schedules().now();
      expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(MINUTE);
      const dueAt = new Date(Math.floor(now.getTime() / 1_000) * 1_000 - 5_000);
      await put(tenant, "s", { nextAt: dueAt, input: '{"to":"\\u0000"}' });
      await put(tenant, "later");
      expect((await schedules().due(1)).nextAt?.getTime()).toBeGreaterThan(now.getTime());
      expect(await schedules().lag()).toBeGreaterThan(4_000);
      const due = { tenant, function: "f", name: "s", cron: "* * * * *", timezone: "UTC", dueAt };
      expect(await dueOf(tenant)).toEqual([due]);
      const rest = (await schedules().due(2_000, ["nobody", tenant])).due;
      expect(rest.filter((one) => one.tenant === tenant)).toEqual([]);
      const jobs = Array.from({ length: 8 }, () => job());
      const served = await Promise.all(
        jobs.map((one) => schedules().serve(tenant, [serving("s", dueAt, { job: one })], 10)),
      );
      expect(served.flat()).toEqual([
        { function: "f", name: "s", outcome: "accepted", code: null },
      ]);
      expect(await store().jobs.pending(tenant)).toBe(1);
      expect(await dueOf(tenant)).toEqual([]);
      // A due time that comes up again is not served again.
      await put(tenant, "s", { cron: "1 * * * *", nextAt: dueAt });
      expect(await schedules().serve(tenant, [serving("s", dueAt)], 10)).toEqual([]);
      expect(await dueOf(tenant)).toEqual([]);
      expect(await store().jobs.pending(tenant)).toBe(1);
      const [ran, ...others] = await claimed(tenant);
      expect(others).toEqual([]);
      expect(JSON.parse(ran?.request ?? "")).toEqual({ entry: "default", input: { to: "\0" } });
      expect(ran).toMatchObject({ function: "f", version: 1, context: '{"schedule":"s"}' });
      const [run] = await schedules().runs(tenant, "f", "s");
      expect(run).toEqual({ dueAt, outcome: "accepted", code: null, execution: ran?.id });
    });

    it("record what was missed, skipped and refused, and keep the newest hundred", async () => {
      const tenant = await owner();
      const at = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, n));
      const serve = async (name: string, n: number, more: Partial<Serving> = {}, most = 10) => {
        const all = [serving(name, at(n), { nextAt: at(n + 1), ...more })];
        return (await schedules().serve(tenant, all, most)).map(
          ({ outcome, code }) => code ?? outcome,
        );
      };
      await put(tenant, "skip", { overlap: "skip", nextAt: at(0) });
      expect(await serve("skip", 0, { latest: at(7), nextAt: at(8) })).toEqual(["accepted"]);
      expect(await outcomes(tenant, "skip")).toEqual(["accepted", "missed"]);
      expect(await serve("skip", 8)).toEqual(["skipped"]);
      const [first] = await claimed(tenant);
      expect(await serve("skip", 9)).toEqual(["skipped"]);
      await store().jobs.finish("o", first?.id ?? "", { status: 200, body: "{}" });
      expect(await serve("skip", 10)).toEqual(["accepted"]);
      expect(await serve("skip", 11, { job: "BUDGET_EXHAUSTED" })).toEqual(["BUDGET_EXHAUSTED"]);

      for (const name of ["a", "b", "c"]) await put(tenant, name, { nextAt: at(0) });
      const three = ["a", "b", "c"].map((name) => serving(name, at(0), { nextAt: at(1) }));
      // One job waits already.
      const served = await schedules().serve(tenant, three, 3);
      expect(served.map(({ code }) => code)).toEqual([null, null, "JOBS_LIMIT"]);
      expect(await store().jobs.pending(tenant)).toBe(3);

      await expect(serve("a", 1)).resolves.toEqual(["accepted"]);
      const large = { job: job({ request: { code: "x".repeat(100_000) } }) };
      const full = schedules().serve(tenant, [serving("a", at(2), large)], 10, 1_000);
      await expect(full).rejects.toThrow(StorageFull);
      expect((await dueOf(tenant)).find(({ name }) => name === "a")?.dueAt).toEqual(at(2));
      expect(await serve("a", 2, { job: "STORAGE_FULL" })).toEqual(["STORAGE_FULL"]);
      for (let n = 3; n < MOST_RUNS + 10; n += 1) await serve("a", n, { job: "X" });
      const kept = await schedules().runs(tenant, "f", "a");
      expect(kept.length).toBeGreaterThan(MOST_RUNS - 3);
      expect(kept[0]?.dueAt).toEqual(at(MOST_RUNS + 9));
      await schedules().delete(tenant, "f", "a");
      expect(await schedules().runs(tenant, "f", "a")).toEqual([]);
    });

    it("come to their turn whatever others have due", async () => {
      const [busy, calm] = [await owner(), await owner()];
      const past = (n: number) => new Date(Date.UTC(2020, 0, 1, 0, n));
      await Promise.all(
        Array.from({ length: 50 }, (_, n) => put(busy, `s${n}`, { nextAt: past(n) })),
      );
      await put(calm, "s", { nextAt: past(60) });
      const { due } = await schedules().due(10);
      expect(due.map(({ tenant }) => tenant)).toContain(calm);
      for (const tenant of [busy, calm]) await store().functions.delete(tenant, "f");
    });
  });
}
