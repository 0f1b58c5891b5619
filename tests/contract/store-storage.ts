import { describe, expect, it } from "vitest";
import { CERTAIN_ANSWER, MOST_ROWS } from "../../server/store/contract/storage.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { StorageFull } from "../../server/store/contract/store-errors.ts";
import { execution, job, unique, version } from "../helpers/store-rows.ts";

const MB = 1_048_576;
const MINUTE = 60_000;
const text = "x".repeat(MB);
const RESOURCE = { manifest: {}, archive: Buffer.alloc(MB) };

export function storageCases(store: () => Store): void {
  describe("storage", () => {
    const used = (tenant: string) => store().storage.used(tenant);
    const begin = (tenant: string, key: string, limit?: number) =>
      store().idempotency.begin(tenant, key, "print", MINUTE, limit);
    const finish = (tenant: string, key: string, body: string) =>
      store().idempotency.finish(tenant, key, "print", {
        status: 200,
        contentType: "text/plain",
        body,
      });
    const remember = async (tenant: string, key: string, body: string, limit?: number) => {
      await begin(tenant, key, limit);
      return finish(tenant, key, body);
    };
    const code = async (call: Promise<unknown>) => {
      const error = await call.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StorageFull);
      return [(error as StorageFull).code, (error as StorageFull).status];
    };

    it("counts what every kind keeps, and nothing once it is gone", async () => {
      const [tenant, domain] = [unique("tenant"), unique("x.org")];
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      const one = job(tenant, { request: { code: text } });
      await store().functions.deploy(version(tenant, { files: {}, code: text }));
      await store().jobs.accept(one, 1_000);
      await remember(tenant, "key", text);
      const locator = `${domain}/a.text@1`;
      await store().resources.publish(tenant, { ...RESOURCE, locator, domain });
      await store().types.add(tenant, { name: "t", description: "", code: text } as never);
      await store().executions.record([execution(tenant, { permissions: text })]);
      const { bytes, kinds } = await used(tenant);
      for (const kind of ["versions", "jobs", "idempotency", "resources", "types", "executions"]) {
        const { bytes, count } = kinds[kind as keyof typeof kinds];
        expect([kind, count, bytes > MB, bytes < MB + 100_000]).toEqual([kind, 1, true, true]);
      }
      const { executions, ...counted } = kinds;
      expect(bytes).toBe(Object.values(counted).reduce((sum, kind) => sum + kind.bytes, 0));
      await store().functions.delete(tenant, "f");
      await store().jobs.cancel(tenant, one.id);
      await store().resources.delete(tenant, locator);
      const left = await used(tenant);
      expect([left.kinds.versions, left.kinds.functions, left.kinds.resources]).toEqual(
        Array(3).fill({ bytes: 0, count: 0 }),
      );
      expect(left.kinds.jobs.bytes).toBeLessThan(1_000);
      await store().tenants.delete(tenant);
      const gone = await used(tenant);
      expect([gone.bytes, gone.kinds.executions.count]).toEqual([0, 0]);
    });

    it("refuses what is too much, names why, and takes it once there is room", async () => {
      const tenant = unique("tenant");
      const deploy = (name: string) =>
        store().functions.deploy(version(tenant, { name, files: {}, code: text }), 2.5 * MB);
      await deploy("a");
      await deploy("b");
      expect(await code(deploy("c"))).toEqual(["STORAGE_FULL", 507]);
      await expect(deploy("c")).rejects.toThrow(/2621440 bytes.*versions.*delete functions/);
      expect(await store().functions.get(tenant, "c")).toBeUndefined();
      const large = version(tenant, { code: text.repeat(3) });
      expect(await code(store().functions.deploy(large, 2.5 * MB))).toEqual([
        "STORAGE_TOO_LARGE",
        413,
      ]);
      expect(await store().functions.list(tenant, { limit: 9 })).toHaveLength(2);
      await store().functions.delete(tenant, "a");
      await deploy("c");
      // Another tenant has storage of its own.
      const other = version(unique("tenant"), { files: {}, code: text });
      await store().functions.deploy(other, 2.5 * MB);
    });

    it("is not exceeded by many that write at once, of whatever kind", async () => {
      const tenant = unique("tenant");
      const limit = 5 * MB;
      await Promise.all(Array.from({ length: 8 }, () => store().ping()));
      const writes = Array.from({ length: 8 }, (_, n) => [
        store().functions.deploy(version(tenant, { name: `f${n}`, files: {}, code: text }), limit),
        store().jobs.accept(job(tenant, { request: { code: text } }), 1_000, limit),
        store().types.add(tenant, { name: `t${n}`, description: "", code: text } as never, limit),
      ]).flat();
      const done = await Promise.allSettled(writes);
      const { bytes } = await used(tenant);
      expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
      expect(bytes).toBeLessThanOrEqual(limit);
      expect(bytes).toBeGreaterThan(4 * MB);
      for (const { id } of await pendingOf(tenant)) await store().jobs.cancel(tenant, id);
    });

    const pendingOf = async (tenant: string) =>
      (await store().jobs.claim(unique("owner"), MINUTE, 99)).filter(
        (row) => row.tenant === tenant,
      );

    it("has a small answer kept always, and says of a large one that it is lost", async () => {
      const tenant = unique("tenant");
      const limit = MB + 3 * CERTAIN_ANSWER;
      expect(await remember(tenant, "first", text, limit)).toBe(true);
      await begin(tenant, "large", limit);
      await begin(tenant, "small", limit);
      expect(await code(begin(tenant, "third", limit))).toEqual(["STORAGE_FULL", 507]);
      expect(await finish(tenant, "large", text)).toBe(false);
      expect(await begin(tenant, "large", limit)).toMatchObject({ state: "done" });
      const word = { status: 200, contentType: "text/plain", body: "", lost: true };
      expect(await store().idempotency.answer(tenant, "large", "print")).toEqual(word);
      expect(await finish(tenant, "small", "x".repeat(CERTAIN_ANSWER - 1_000))).toBe(true);
      expect(await begin(tenant, "small", limit)).toMatchObject({ state: "done" });
    });

    it("refuses a job's answer that finds no room, and takes word of that", async () => {
      const [tenant, owner] = [unique("tenant"), unique("owner")];
      const one = job(tenant, { request: { code: "x".repeat(CERTAIN_ANSWER) } });
      await store().jobs.accept(one, 1_000, MB);
      await store().jobs.claim(owner, MINUTE, 99);
      const answer = { status: 200, body: JSON.stringify({ result: text }) };
      expect(await code(store().jobs.finish(owner, one.id, answer))).toEqual(["STORAGE_FULL", 507]);
      const word = { status: 507, body: JSON.stringify("x".repeat(CERTAIN_ANSWER - 1_000)) };
      expect(await store().jobs.finish(owner, one.id, word)).toBe(true);
      expect(await store().jobs.get(tenant, one.id)).toMatchObject({ state: "done", answer: word });
      // Its request has been deleted.
      expect((await used(tenant)).kinds.jobs.bytes).toBeLessThan(CERTAIN_ANSWER + 1_000);
    });

    it("bounds how many there are of a kind, also at once", async () => {
      const tenant = unique("tenant");
      const publish = (n: number) => {
        const domain = `${tenant}-${n}`;
        const resource = { manifest: {}, archive: Buffer.alloc(1), locator: `${domain}/a`, domain };
        return store().resources.publish(tenant, resource);
      };
      const all = await Promise.allSettled(
        Array.from({ length: MOST_ROWS.domains + 5 }, (_, n) => publish(n)),
      );
      const refused = all.filter(({ status }) => status === "rejected");
      expect(refused).toHaveLength(5);
      expect(String((refused[0] as PromiseRejectedResult).reason)).toContain("100 domains");
      expect((await used(tenant)).kinds).toMatchObject({
        domains: { count: MOST_ROWS.domains },
        resources: { count: MOST_ROWS.domains },
      });
    });

    it("gives back what was begun and never answered, when it is pruned", async () => {
      const tenant = unique("tenant");
      await store().idempotency.begin(tenant, "dead", "print", -1_000);
      await begin(tenant, "alive");
      await store().idempotency.prune(MINUTE);
      expect((await used(tenant)).kinds.idempotency.count).toBe(1);
    });
  });
}
