import { describe, expect, it } from "vitest";
import { MAX_VERSIONS } from "../../server/store/contract/functions.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { unique, version } from "../helpers/store-rows.ts";

export function functionsCases(store: () => Store): void {
  describe("functions", () => {
    it("number concurrent deployments, and keep each as it was", async () => {
      const tenant = unique("tenant");
      const codes = ["1", "2", "3", "4", "5"];
      const deployed = await Promise.all(
        codes.map((code) => store().functions.deploy(version(tenant, { code }))),
      );
      expect(deployed.map((one) => one.version).sort()).toEqual([1, 2, 3, 4, 5]);
      for (const one of deployed) {
        expect(await store().functions.version(tenant, "f", one.version)).toEqual(one);
      }
      expect(await store().functions.get(tenant, "f")).toMatchObject({ current: 5, latest: 5 });
      const exact = await store().functions.deploy(version(tenant));
      expect(exact).toMatchObject(version(tenant));
      expect(exact.createdAt).toBeInstanceOf(Date);
      const { files: _files, code: _code, lock: _lock, ...outline } = exact;
      expect(await store().functions.outline(tenant, "f")).toEqual(outline);
      expect(await store().functions.outline(tenant, "f", 2)).toMatchObject({ version: 2 });
      expect(await store().functions.outline("other", "f")).toBeUndefined();
    });

    it("go back to a version there is, and on from the latest", async () => {
      const tenant = unique("tenant");
      await store().functions.deploy(version(tenant, { code: "1" }));
      await store().functions.deploy(version(tenant, { code: "2", kind: "http" }));
      expect(await store().functions.get(tenant, "f")).toMatchObject({ kind: "http" });
      expect(await store().functions.activate(tenant, "f", 1)).toBe(true);
      expect(await store().functions.activate(tenant, "f", 7)).toBe(false);
      expect(await store().functions.activate("other", "f", 1)).toBe(false);
      const current = { current: 1, latest: 2, kind: "value" };
      expect(await store().functions.get(tenant, "f")).toMatchObject(current);
      expect(await store().functions.version(tenant, "f")).toMatchObject({ code: "1" });
      const third = await store().functions.deploy(version(tenant, { code: "3" }));
      expect(third.version).toBe(3);
      const versions = await store().functions.versions(tenant, "f");
      expect(versions.map((one) => one.version)).toEqual([3, 2, 1]);
      expect(versions[0]).not.toHaveProperty("code");
      expect(versions[0]).not.toHaveProperty("files");
    });

    it("keep the source map of a version apart, and count it", async () => {
      const tenant = unique("tenant");
      const sourceMap = JSON.stringify({ mappings: "A".repeat(10_000) });
      await store().functions.deploy(version(tenant));
      const before = (await store().storage.used(tenant)).bytes;
      const deployed = await store().functions.deploy(version(tenant, { sourceMap }));
      expect(deployed).not.toHaveProperty("sourceMap");
      expect(await store().functions.version(tenant, "f")).not.toHaveProperty("sourceMap");
      expect(await store().functions.sourceMap(tenant, "f", 1)).toBeUndefined();
      expect(await store().functions.sourceMap(tenant, "f", 2)).toBe(sourceMap);
      expect(await store().functions.sourceMap("other", "f", 2)).toBeUndefined();
      const [one, two] = [before, (await store().storage.used(tenant)).bytes - before];
      expect(two - one).toBeGreaterThan(9_000);
    });

    it("keep their newest versions, and are counted", async () => {
      const tenant = unique("tenant");
      const other = version(tenant, { name: "other" });
      await store().functions.deploy(other);
      for (let n = 1; n <= MAX_VERSIONS + 2; n += 1) {
        await store().functions.deploy(version(tenant, { code: `${n}` }));
      }
      const versions = (await store().functions.versions(tenant, "f")).map((one) => one.version);
      expect([versions.length, versions[0], versions.at(-1)]).toEqual([MAX_VERSIONS, 102, 3]);
      expect(await store().functions.version(tenant, "other", 1)).toMatchObject(other);
      expect(await store().functions.activate(tenant, "f", 2)).toBe(false);
      const { kinds } = await store().storage.used(tenant);
      expect([kinds.functions.count, kinds.versions.count]).toEqual([2, MAX_VERSIONS + 1]);
    });

    it("are listed by name, and begin at 1 after they were deleted", async () => {
      const tenant = unique("tenant");
      for (const name of ["b", "a", "C"]) await store().functions.deploy(version(tenant, { name }));
      const names = async (page: { after?: string; limit: number }) =>
        (await store().functions.list(tenant, page)).map(({ name }) => name);
      expect(await names({ limit: 2 })).toEqual(["C", "a"]);
      expect(await names({ after: "a", limit: 2 })).toEqual(["b"]);
      expect(await store().functions.delete("other", "a")).toBe(false);
      expect(await store().functions.delete(tenant, "a")).toBe(true);
      expect(await store().functions.delete(tenant, "a")).toBe(false);
      expect(await store().functions.version(tenant, "a", 1)).toBeUndefined();
      expect((await store().functions.deploy(version(tenant, { name: "a" }))).version).toBe(1);
    });
  });
}
