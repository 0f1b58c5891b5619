import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { NewJob } from "../../server/store/contract/jobs.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { job, unique } from "../helpers/store-rows.ts";

const ANSWER = { status: 200, body: JSON.stringify({ ok: true, result: '\0 \ud800 ,"body":' }) };
const MINUTE = 60_000;

/**
 * Formats a job as the store returns it. Large requests stay text, so that claiming many is cheap.
 */
function stored(one: NewJob): object {
  return { ...one, request: JSON.stringify(one.request) };
}

export function jobsCases(store: () => Store): void {
  describe("jobs", () => {
    /** Claims jobs. No others wait during these tests, because each test removes its own. */
    async function claim(owner: string, limit = 99, lease = MINUTE) {
      return store().jobs.claim(owner, lease, limit);
    }

    const accept = (one: NewJob): Promise<boolean> => store().jobs.accept(one, 1_000);

    it("are accepted, claimed once and finished by who holds them", async () => {
      const [tenant, owner] = [unique("tenant"), unique("owner")];
      const accepted = job(tenant, { callback: "https://x.example" });
      await accept(accepted);
      const { request: _large, ...shown } = accepted;
      const queued = {
        ...shown,
        state: "queued",
        attempts: 0,
        answer: null,
        notify: false,
      };
      expect(await store().jobs.get(tenant, accepted.id)).toMatchObject(queued);
      expect(await store().jobs.get("other", accepted.id)).toBeUndefined();
      expect(await store().jobs.get(tenant, "\0")).toBeUndefined();
      // Asking for the state does not make the store read megabytes.
      expect(await store().jobs.get(tenant, accepted.id)).not.toHaveProperty("request");
      expect(await store().jobs.has(tenant, accepted.id)).toBe(true);
      expect(await store().jobs.has("other", accepted.id)).toBe(false);
      expect(await store().jobs.has(tenant, "\0")).toBe(false);
      expect(await store().jobs.pending(tenant)).toBe(1);
      const claimed = (await claim(owner)).find(({ id }) => id === accepted.id);
      expect(claimed).toMatchObject({ ...stored(accepted), state: "running", attempts: 1 });
      expect((await claim("late")).map(({ id }) => id)).not.toContain(accepted.id);
      expect(await store().jobs.finish("late", accepted.id, ANSWER)).toBe(false);
      expect(await store().jobs.finish(owner, accepted.id, ANSWER)).toBe(true);
      expect(await store().jobs.finish(owner, accepted.id, ANSWER)).toBe(false);
      const done = {
        state: "done",
        answer: ANSWER,
        notify: true,
        finishedAt: expect.any(Date),
      };
      expect(await store().jobs.get(tenant, accepted.id)).toMatchObject(done);
      expect(await store().jobs.pending(tenant)).toBe(0);
    });

    it("are no older than the last change of their tenant, such as its resumption", async () => {
      const tenants = [unique("tenant"), unique("tenant")];
      const old = { acceptedAt: new Date(Date.now() - 48 * 60 * MINUTE) };
      for (const tenant of tenants) await accept({ ...job(tenant), ...old });
      await store().tenants.put({ id: tenants[0] ?? "", settings: {}, secrets: null });
      const claimed = await claim(unique("owner"));
      const ages = tenants.map((id) => claimed.find(({ tenant }) => tenant === id)?.age ?? 0);
      expect(ages[0]).toBeLessThan(60 * MINUTE);
      expect(ages[1]).toBeGreaterThan(47 * 60 * MINUTE);
      for (const { id } of claimed) await store().jobs.finish("o", id, ANSWER);
    });

    it("go to one of several hosts that ask at once", async () => {
      const owners = ["a", "b", "c", "d"].map(unique);
      // Opens a connection for each; otherwise the claims would run one after another.
      await Promise.all(owners.map(() => store().ping()));
      for (let round = 0; round < 4; round += 1) {
        const tenant = unique("tenant");
        for (let n = 0; n < 8; n += 1) await accept(job(tenant));
        const claims = await Promise.all(owners.map((owner) => claim(owner, 50)));
        const claimed = claims.flat().filter((one) => one.tenant === tenant);
        expect(new Set(claimed.map(({ id }) => id)).size).toBe(claimed.length);
        const rest = (await claim(unique("last"))).filter((one) => one.tenant === tenant);
        expect(claimed.length + rest.length).toBe(8);
      }
    });

    it("are taken by turns of their tenants, the oldest first", async () => {
      const [busy, quiet] = [unique("busy"), unique("quiet")];
      const begin = "00000000-0000-7000-8000-";
      const id = (n: number) => `${begin}${String(n).padStart(3, "0")}${busy.slice(-9)}`;
      for (const n of [3, 1, 2, 0]) await accept(job(busy, { id: id(n) }));
      await accept(job(quiet, { id: id(9) }));
      const owner = unique("owner");
      expect((await claim(owner, 2)).map((one) => one.id)).toEqual([id(0), id(9)]);
      expect((await claim(owner, 2)).map((one) => one.id)).toEqual([id(1), id(2)]);
      expect((await claim(owner, 2)).map((one) => one.id)).toEqual([id(3)]);
    });

    it("go to who has the fewest under way, however long another one's line is", async () => {
      const [busy, quiet] = [unique("busy"), unique("quiet")];
      const begin = "00000000-0000-7000-8000-";
      const id = (n: number) => `${begin}${String(n).padStart(3, "0")}${quiet.slice(-9)}`;
      for (const n of [0, 1, 2, 3]) await accept(job(busy, { id: id(n) }));
      const owner = unique("owner");
      expect((await claim(owner, 2)).map((one) => one.id)).toEqual([id(0), id(1)]);
      await accept(job(quiet, { id: id(9) }));
      // Happens each time an execution has ended.
      await store().jobs.finish(owner, id(0), ANSWER);
      expect((await claim(owner, 1)).map((one) => one.id)).toEqual([id(9)]);
      expect((await claim(owner)).map((one) => one.id)).toEqual([id(2), id(3)]);
    });

    it("are left where their tenant is to have no more", async () => {
      const [full, free, owner] = [unique("full"), unique("free"), unique("owner")];
      for (const tenant of [full, full, full, free, free]) await accept(job(tenant));
      const taken = async (most: Record<string, number>) => {
        const rows = await store().jobs.claim(owner, MINUTE, 99, most);
        return rows.map(({ tenant }) => tenant).filter((each) => each === full || each === free);
      };
      expect(await taken({ [full]: 0, [free]: 1 })).toEqual([free]);
      expect(await taken({ [full]: 2, [free]: 0 })).toEqual([full, full]);
      expect((await taken({})).sort()).toEqual([free, full]);
    });

    it("wait again when their owner does not renew its claim, or lets go of them", async () => {
      const tenant = unique("tenant");
      const [dead, alive, next] = [unique("dead"), unique("alive"), unique("next")];
      const one = job(tenant);
      await accept(one);
      expect(await claim(dead, 1, -1)).toHaveLength(1);
      expect(await claim(alive, 1, -1)).toMatchObject([{ id: one.id, attempts: 2 }]);
      expect(await store().jobs.finish(dead, one.id, ANSWER)).toBe(false);
      expect(await store().jobs.renew(dead, MINUTE, [one.id])).toEqual([]);
      expect(await store().jobs.renew(alive, MINUTE, [one.id])).toEqual([one.id]);
      expect(await claim(next, 1)).toEqual([]);
      await store().jobs.release(next, one.id, -1);
      expect(await claim(next, 1)).toEqual([]);
      await store().jobs.release(alive, one.id, -1);
      expect(await store().jobs.get(tenant, one.id)).toMatchObject({ state: "queued" });
      expect(await store().jobs.renew(alive, MINUTE, [one.id])).toEqual([]);
      expect(await claim(next, 1)).toMatchObject([{ id: one.id, attempts: 2 }]);
      await store().jobs.release(next, one.id, MINUTE);
      expect(await claim(alive, 1)).toEqual([]);
      expect(await store().jobs.cancel(tenant, one.id)).toBe(true);
    });

    it("are held one by one, and given back where their owner does not have them", async () => {
      const [tenant, owner, next] = [unique("tenant"), unique("owner"), unique("next")];
      const [known, stray] = [job(tenant), job(tenant)];
      for (const one of [known, stray]) await accept(one);
      const claimed = await claim(owner, 2, 1);
      expect(claimed.map(({ id }) => id).sort()).toEqual([known.id, stray.id].sort());
      expect(claimed[0]?.age).toBeGreaterThanOrEqual(0);
      expect(claimed[0]?.age).toBeLessThan(MINUTE);
      await sleep(5);
      expect(await store().jobs.renew(owner, MINUTE, [known.id])).toEqual([known.id]);
      expect(await claim(next)).toMatchObject([{ id: stray.id, attempts: 2 }]);
      expect(await store().jobs.giveBack(next, [stray.id])).toBe(0);
      expect(await store().jobs.giveBack(next, [])).toBe(1);
      expect(await store().jobs.get(tenant, stray.id)).toMatchObject({ attempts: 1 });
      expect(await store().jobs.get(tenant, known.id)).toMatchObject({ state: "running" });
      expect(await claim(next)).toMatchObject([{ id: stray.id }]);
      for (const { id } of [known, stray]) await store().jobs.cancel(tenant, id);
    });

    it("are no more than may wait, however many come at once", async () => {
      const [tenant, other] = [unique("tenant"), unique("other")];
      const accepted = await Promise.all(
        Array.from({ length: 40 }, () => store().jobs.accept(job(tenant), 7)),
      );
      expect(accepted.filter(Boolean)).toHaveLength(7);
      expect(await store().jobs.pending(tenant)).toBe(7);
      expect(await store().jobs.accept(job(other), 7)).toBe(true);
      for (const { id } of await claim(unique("owner"))) {
        for (const each of [tenant, other]) await store().jobs.cancel(each, id);
      }
    });

    it("are cancelled by their tenant while they are not over", async () => {
      const [tenant, owner] = [unique("tenant"), unique("owner")];
      const [waiting, running] = [job(tenant), job(tenant)];
      await accept(running);
      expect(await claim(owner, 1)).toHaveLength(1);
      await accept(waiting);
      expect(await store().jobs.cancel("other", waiting.id)).toBe(false);
      for (const { id } of [waiting, running]) {
        expect(await store().jobs.cancel(tenant, id)).toBe(true);
        expect(await store().jobs.cancel(tenant, id)).toBe(false);
        expect(await store().jobs.get(tenant, id)).toMatchObject({ state: "cancelled" });
      }
      expect(await store().jobs.finish(owner, running.id, ANSWER)).toBe(false);
      expect(await claim(owner)).toEqual([]);
    });

    it("have their answers sent until it has worked or is given up", async () => {
      const [tenant, owner] = [unique("tenant"), unique("owner")];
      const [told, silent] = [job(tenant, { callback: "https://x.example" }), job(tenant)];
      for (const one of [told, silent]) await accept(one);
      await claim(owner);
      for (const { id } of [told, silent]) await store().jobs.finish(owner, id, ANSWER);
      const due = async (lease: number) =>
        (await store().jobs.claimCallbacks(owner, lease, 99)).filter(
          (one) => one.tenant === tenant,
        );
      expect(await due(MINUTE)).toMatchObject([{ id: told.id, tries: 1 }]);
      expect(await due(MINUTE)).toEqual([]);
      // A server with a fast clock uses the store's time.
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * MINUTE });
      try {
        expect(await due(MINUTE)).toEqual([]);
        expect(await claim(unique("early"))).toEqual([]);
      } finally {
        vi.useRealTimers();
      }
      // A server that has lost its claim to another one reports an attempt that no longer counts.
      expect(await store().jobs.notified("late", told.id, null)).toBe(false);
      expect(await store().jobs.notified(owner, told.id, -1)).toBe(true);
      expect(await due(-1)).toMatchObject([{ id: told.id, tries: 2 }]);
      // The answer may be large, so it is read separately.
      const { id, callback } = told;
      expect(await due(MINUTE)).toEqual([{ id, tenant, callback, tries: 3 }]);
      expect((await store().jobs.get(tenant, id))?.answer).toEqual(ANSWER);
      expect(await store().jobs.notified(owner, told.id, null)).toBe(true);
      expect(await due(MINUTE)).toEqual([]);
      expect(await store().jobs.get(tenant, told.id)).toMatchObject({ notify: false });
    });

    it("have answers sent first of who has the fewest on their way", async () => {
      const [busy, quiet, owner] = [unique("busy"), unique("quiet"), unique("owner")];
      const callback = "https://x.example";
      const all = [busy, busy, quiet].map((tenant) => job(tenant, { callback }));
      for (const one of all) await accept(one);
      await claim(owner);
      for (const { id } of all) await store().jobs.finish(owner, id, ANSWER);
      const due = async (limit: number, each?: number) => {
        const share = { busy: { [busy]: 3 }, ...(each !== undefined && { each }) };
        const rows = await store().jobs.claimCallbacks(owner, MINUTE, limit, share);
        return rows.filter(({ tenant }) => tenant === busy || tenant === quiet);
      };
      expect((await due(1)).map(({ id }) => id)).toEqual([all[2]?.id]);
      expect(await due(9, 3)).toEqual([]);
      expect((await due(9, 4)).map(({ tenant }) => tenant)).toEqual([busy]);
      expect((await due(9)).map(({ tenant }) => tenant)).toEqual([busy]);
    });

    it("and their answers wait while their tenant is suspended", async () => {
      const [tenant, owner] = [unique("tenant"), unique("owner")];
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      const [told, waiting] = [job(tenant, { callback: "https://x.example" }), job(tenant)];
      await accept(told);
      await claim(owner);
      await store().jobs.finish(owner, told.id, ANSWER);
      await accept(waiting);
      await store().tenants.suspend(tenant, { reason: null });
      const ours = (rows: readonly { tenant: string }[]) =>
        rows.filter((row) => row.tenant === tenant).length;
      const both = async () => [
        ours(await store().jobs.claim(owner, MINUTE, 99, { [tenant]: 5 })),
        ours(await store().jobs.claimCallbacks(owner, MINUTE, 99)),
      ];
      expect(await both()).toEqual([0, 0]);
      await store().tenants.suspend(tenant, null);
      expect(await both()).toEqual([1, 1]);
      await store().tenants.delete(tenant);
    });

    it("are listed, of one tenant or of all, the newest first, without what is their tenant's", async () => {
      const [one, two, owner] = [unique("one"), unique("two"), unique("owner")];
      // Sorts behind those of other tests.
      const ids = [0, 1, 2, 3].map((n) => `ffffffff-ffff-7000-800${n}-${unique("").slice(-12)}`);
      const all = ids.map((id, n) => job(n % 2 ? two : one, { id, function: n ? null : "f" }));
      await accept(all[0] as NewJob);
      await claim(owner);
      await store().jobs.finish(owner, ids[0] ?? "", ANSWER);
      for (const each of all.slice(1)) await accept(each);
      const listed = async (filter: object) => {
        const { rows, next } = await store().jobs.list({ limit: 4, ...filter });
        return [rows.map(({ id }) => ids.indexOf(id)), next];
      };
      expect(await listed({})).toEqual([[3, 2, 1, 0], ids[0]]);
      expect(await listed({ limit: 2 })).toEqual([[3, 2], ids[2]]);
      expect(await listed({ limit: 2, before: ids[2] })).toEqual([[1, 0], ids[0]]);
      expect(await listed({ tenant: one })).toEqual([[2, 0], undefined]);
      expect(await listed({ tenant: one, state: "queued" })).toEqual([[2], undefined]);
      expect(await listed({ tenant: one, state: "done" })).toEqual([[0], undefined]);
      expect(await listed({ before: "no id" })).toEqual([[], undefined]);
      const [done] = (await store().jobs.list({ tenant: one, state: "done", limit: 1 })).rows;
      expect(Object.keys(done ?? {}).sort()).toEqual(
        ["acceptedAt", "attempts", "finishedAt", "function", "id"].concat([
          "requestId",
          "state",
          "tenant",
          "version",
        ]),
      );
      for (const { tenant, id } of all) await store().jobs.cancel(tenant, id);
    });

    it("are forgotten some time after they were done, and not before", async () => {
      const [tenant, owner] = [unique("tenant"), unique("owner")];
      const [done, waiting] = [job(tenant), job(tenant)];
      await accept(done);
      await claim(owner, 1);
      await store().jobs.finish(owner, done.id, ANSWER);
      await accept(waiting);
      await store().jobs.prune(MINUTE);
      expect(await store().jobs.get(tenant, done.id)).toBeDefined();
      expect(await store().jobs.prune(-MINUTE)).toBeGreaterThan(0);
      expect(await store().jobs.get(tenant, done.id)).toBeUndefined();
      expect(await store().jobs.get(tenant, waiting.id)).toBeDefined();
      expect(await store().jobs.cancel(tenant, waiting.id)).toBe(true);
    });
  });
}
