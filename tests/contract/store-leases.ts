import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { SlotKind } from "../../server/store/contract/leases.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { execution, unique } from "../helpers/store-rows.ts";

const LEASE = 60_000;

export function leasesCases(store: () => Store): void {
  describe("leases of places", () => {
    /** Makes a function by which servers ask for places of one tenant. */
    const asking = (most: number, kind: SlotKind = "all") => {
      const tenant = unique("tenant");
      const held = new Map<string, number>();
      const ask = async (node: string, wants: number, more: object = {}) => {
        const { lease = LEASE, has = held.get(node) ?? 0, limit = most } = more as Asked;
        const asked = { tenant, kind, held: has, most: limit };
        const answer = await store().leases.slots(node, asked, wants, lease);
        held.set(node, answer.held);
        return answer;
      };
      const renew = (node: string, has: number, limit = most) =>
        store().leases.renew(
          node,
          { slots: [{ tenant, kind, held: has, most: limit }], budgets: [] },
          LEASE,
        );
      return { tenant, ask, renew, held };
    };

    it("never come to more than the limit, whoever asks at the same time", async () => {
      const { ask } = asking(7);
      const nodes = Array.from({ length: 50 }, (_, n) => `node-${n}`);
      const first = await Promise.all(nodes.map((node) => ask(node, 1 + (node.length % 3))));
      const sum = (answers: { held: number }[]) => answers.reduce((all, { held }) => all + held, 0);
      expect(sum(first)).toBe(7);
      // Each asks again and again, and some give back.
      const held = new Map(nodes.map((node, n) => [node, first[n]?.held ?? 0]));
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(
          nodes.map(async (node, n) => {
            const has = n % 2 === round % 2 ? 0 : (held.get(node) ?? 0);
            held.set(node, (await ask(node, 2, { has })).held);
          }),
        );
        expect([...held.values()].reduce((all, each) => all + each, 0)).toBeLessThanOrEqual(7);
      }
    });

    it("are given back, and taken up to what is free", async () => {
      const { ask } = asking(4);
      expect(await ask("a", 3)).toEqual({ held: 3, give: 0, free: 1 });
      expect(await ask("b", 1)).toEqual({ held: 1, give: 0, free: 0 });
      expect(await ask("a", 1, { has: 1 })).toEqual({ held: 1, give: 0, free: 2 });
      expect((await ask("b", 3)).held).toBe(3);
      // A server that gives all back has no row, and no say in what others get.
      expect(await ask("b", 0, { has: 0 })).toEqual({ held: 0, give: 0, free: 3 });
      expect(await ask("a", 4)).toEqual({ held: 4, give: 0, free: 0 });
    });

    it("are over after their time, and are renewed before", async () => {
      const { ask, renew, tenant } = asking(2);
      await ask("gone", 1, { lease: 1 });
      await ask("here", 1);
      await sleep(20);
      expect((await ask("next", 1)).held).toBe(1);
      expect(await renew("gone", 1)).toEqual([]);
      expect(await renew("here", 1)).toEqual([{ tenant, kind: "all", held: 1 }]);
      // It holds no more than it says, whatever an answer that it never got has given it.
      await ask("next", 0, { has: 0 });
      expect((await ask("here", 2)).held).toBe(2);
      expect(await renew("here", 1)).toEqual([{ tenant, kind: "all", held: 1 }]);
      expect((await ask("next", 2)).held).toBe(1);
      await store().leases.giveAll("here");
      expect((await ask("next", 2)).held).toBe(2);
    });

    it("follow a lowered limit at the next question and at the next renewal", async () => {
      const { ask, renew, tenant } = asking(6);
      await ask("a", 3);
      await ask("b", 3);
      expect(await renew("a", 3, 4)).toEqual([{ tenant, kind: "all", held: 1 }]);
      expect((await ask("b", 3, { limit: 2 })).held).toBe(1);
      expect((await ask("c", 1, { limit: 2 })).held).toBe(0);
    });

    it("are shared by those who wait, the longest first", async () => {
      const { ask } = asking(4);
      expect((await ask("a", 9)).held).toBe(4);
      expect((await ask("b", 9)).held).toBe(0);
      expect((await ask("c", 9)).held).toBe(0);
      // Two others wait: it keeps a third.
      expect(await ask("a", 9)).toEqual({ held: 4, give: 3, free: 0 });
      // It may have what is left over.
      expect(await ask("a", 9, { has: 1 })).toEqual({ held: 2, give: 0, free: 2 });
      expect((await ask("c", 9)).held).toBe(1);
      expect((await ask("b", 9)).held).toBe(1);
      expect(await ask("a", 9)).toEqual({ held: 2, give: 0, free: 0 });
    });

    it("go round if there are fewer than servers", async () => {
      const { ask } = asking(1);
      const turns: string[] = [];
      let holder = "a";
      await ask("a", 5);
      for (const node of ["b", "c"]) {
        // A clock may count whole milliseconds.
        await sleep(2);
        expect((await ask(node, 5)).held).toBe(0);
      }
      for (let turn = 0; turn < 6; turn += 1) {
        expect((await ask(holder, 5)).give).toBe(1);
        await ask(holder, 5, { has: 0 });
        for (const node of ["c", "a", "b"]) {
          await sleep(2);
          if ((await ask(node, 5)).held > 0) holder = node;
        }
        turns.push(holder);
      }
      expect(turns.join("")).toBe("bcabca");
    });
  });

  describe("events of a window", () => {
    const asking = (requests: number, seconds: number) => {
      const tenant = unique("tenant");
      return (wants: number, more: object = {}) =>
        store().leases.events({
          ...{ tenant, kind: "k", requests, seconds, wants, ahead: 0, gives: 0, window: "" },
          ...more,
        });
    };

    it("are as many as there are, whoever takes them at the same time", async () => {
      const take = asking(20, 60);
      const taken = await Promise.all(Array.from({ length: 30 }, (_, n) => take(1 + (n % 2))));
      expect(taken.reduce((all, { granted }) => all + granted, 0)).toBe(20);
      expect(await take(1)).toMatchObject({ granted: 0, left: 0, lasts: expect.any(Number) });
      expect((await take(1)).lasts).toBeGreaterThan(30_000);
      // Another limit counts on, and a shorter window is over sooner.
      expect(await take(9, { requests: 22 })).toMatchObject({ granted: 2 });
      expect((await take(1, { seconds: 1 })).lasts).toBeLessThanOrEqual(1_000);
    });

    it("come back to their own window, and begin anew in the next", async () => {
      const take = asking(8, 1);
      const { window, left } = await take(4, { ahead: 9 });
      expect(left).toBe(3);
      expect(await take(0, { gives: 1, window })).toMatchObject({ granted: 0, left: 4 });
      expect(await take(0, { gives: 1, window: "1" })).toMatchObject({ left: 4 });
      await sleep(1_050);
      expect(await take(1, { gives: 3, window })).toMatchObject({ granted: 1, left: 7 });
    });
  });

  describe("reservations of a budget", () => {
    const asking = () => {
      const tenant = unique("tenant");
      const reserve = (node: string, wants: number, more: object = {}) =>
        store().leases.reserve(
          node,
          {
            ...{ tenant, most: 100, wants, ahead: 0, gives: 0, day: "", aheadFor: 5_000 },
            ...more,
          },
          LEASE,
        );
      const record = (node: string, day: string, count = 1, more: object = {}) =>
        store().executions.record(
          Array.from({ length: count }, () => ({
            ...execution(tenant, { startedAt: new Date(), ...more }),
            reserved: { node, day },
          })),
        );
      return { tenant, reserve, record };
    };

    it("are exactly the budget, whoever asks at the same time", async () => {
      const { reserve, record, tenant } = asking();
      const ask = async (n: number) => {
        const { granted, day } = await reserve(`node-${n % 3}`, 1 + (n % 4));
        if (granted > 0 && n % 2 === 0) await record(`node-${n % 3}`, day, granted);
        return granted;
      };
      const granted = await Promise.all(Array.from({ length: 60 }, (_, n) => ask(n)));
      expect(granted.reduce((all, each) => all + each)).toBe(100);
      expect((await store().leases.today(tenant, "node-0", 0)).executions).toBe(100);
      expect((await reserve("node-9", 1)).granted).toBe(0);
      expect((await reserve("node-9", 1, { most: 101 })).granted).toBe(1);
    });

    it("are replaced by what is recorded, once, and come back if nothing ran", async () => {
      const { reserve, record, tenant } = asking();
      const { day } = await reserve("a", 2);
      const row = { ...execution(tenant, { startedAt: new Date() }), reserved: { node: "a", day } };
      await store().executions.record([row]);
      await store().executions.record([row]);
      const use = { day, executions: 2, cpu: 1.5 };
      expect(await store().leases.today(tenant, "a", 0)).toEqual(use);
      expect(await store().leases.today(tenant, "a", 1)).toEqual({ ...use, executions: 1 });
      expect((await reserve("b", 100)).granted).toBe(98);
      await reserve("a", 0, { gives: 1, day });
      expect((await reserve("b", 5)).granted).toBe(1);
      await record("a", day, 1, { outcome: "refused" });
      expect((await store().leases.today(tenant, "a", 0)).executions).toBe(100);
      await reserve("b/2", 0);
      await store().leases.giveAll("b");
      expect(await store().leases.today(tenant, "a", 0)).toEqual({ ...use, executions: 1 });
    });

    it("are taken ahead while there are plenty, and other servers know of them", async () => {
      const { reserve } = asking();
      expect(await reserve("a", 20, { ahead: 50 })).toMatchObject({ granted: 30, coming: 0 });
      expect(await reserve("b", 80, { ahead: 50 })).toMatchObject({ granted: 70, coming: 10 });
      expect(await reserve("a", 1)).toMatchObject({ granted: 0, coming: 0 });
    });

    it("are over after their time, unless they are renewed", async () => {
      const { reserve, tenant } = asking();
      const lease = (node: string, time: number) =>
        store().leases.reserve(
          node,
          { tenant, most: 100, wants: 50, ahead: 0, gives: 0, day: "", aheadFor: 1 },
          time,
        );
      const { day } = await lease("a", 1_000);
      await store().leases.renew("a", { slots: [], budgets: [{ tenant, day, node: "a" }] }, LEASE);
      await lease("gone", 1);
      await sleep(1_020);
      expect((await reserve("b", 100)).granted).toBe(50);
    });
  });

  describe("usage", () => {
    it("stays when executions are forgotten, and goes with its tenant", async () => {
      const tenant = unique("tenant");
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      const [day] = new Date().toISOString().split("T");
      await store().executions.record([execution(tenant, { startedAt: new Date() })]);
      await store().leases.charge([{ tenant, cpu: 40 }]);
      await store().executions.prune(-60_000, tenant);
      await store().leases.prune();
      expect(await store().executions.list(tenant, { limit: 9 })).toEqual([]);
      const use = { executions: 1, cpu: 41.5 };
      expect(await store().executions.used(tenant, new Date())).toEqual(use);
      expect(await store().leases.today(tenant, "a", 0)).toEqual({ day, ...use });
      await store().tenants.delete(tenant);
      expect((await store().leases.today(tenant, "a", 0)).executions).toBe(0);
    });
  });
}

interface Asked {
  readonly lease?: number;
  readonly has?: number;
  readonly limit?: number;
}
