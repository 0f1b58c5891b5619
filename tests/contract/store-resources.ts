import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { NewResource } from "../../server/store/contract/resources.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { NASTY, unique } from "../helpers/store-rows.ts";

function resource(domain: string, more: Partial<NewResource> = {}): NewResource {
  const locator = `${domain}/hello.text@1`;
  return { locator, domain, manifest: { name: NASTY }, archive: Buffer.from([0, 255, 1]), ...more };
}

export function resourcesCases(store: () => Store): void {
  describe("resources", () => {
    it("are published once, in a domain that is nobody else's", async () => {
      const [tenant, other, domain] = ["tenant", "other", "x.org"].map(unique) as [
        string,
        string,
        string,
      ];
      const own = resource(domain);
      expect(await store().resources.publish(tenant, own)).toBe("published");
      expect(await store().resources.publish(tenant, own)).toBe("exists");
      const second = resource(domain, { locator: `${domain}/second.text@1` });
      expect(await store().resources.publish(other, second)).toBe("forbidden");
      expect(await store().resources.publish(other, own)).toBe("forbidden");
      expect(await store().resources.get(second.locator)).toBeUndefined();
      const { archive, ...row } = own;
      expect(await store().resources.get(own.locator)).toEqual({
        ...row,
        archiveBytes: 3,
        isSuspended: false,
      });
      const kept = await store().resources.archive(own);
      expect(Buffer.from(kept ?? [])).toEqual(archive);
      const nothing = { ...own, locator: "nothing" };
      expect(await store().resources.archive(nothing)).toBeUndefined();
    });

    it("of two tenants that want a domain at once, go to one", async () => {
      const domain = unique("x.org");
      const all = await Promise.all(
        Array.from({ length: 6 }, (_, n) =>
          store().resources.publish(
            `${domain}-${n}`,
            resource(domain, { locator: `${domain}/${n}` }),
          ),
        ),
      );
      expect(all.sort()).toEqual([...Array(5).fill("forbidden"), "published"]);
    });

    it("are deleted by whose domain it is, which stays theirs", async () => {
      const [tenant, domain] = [unique("tenant"), unique("x.org")];
      const { locator } = resource(domain);
      await store().resources.publish(tenant, resource(domain));
      expect(await store().resources.delete("other", locator)).toBe("forbidden");
      expect(await store().resources.delete(tenant, locator)).toBe("deleted");
      expect(await store().resources.delete(tenant, locator)).toBe("missing");
      expect(await store().resources.publish("other", resource(domain))).toBe("forbidden");
    });

    it("are not taken for those that have their locator later", async () => {
      const [tenant, domain] = [unique("tenant"), unique("x.org")];
      const { resources } = store();
      const manifests = [{ a: NASTY, digest: "1" }, { a: NASTY, digest: "2" }, { a: NASTY }];
      const [first, second, third] = manifests.map((manifest, n) =>
        resource(domain, { manifest, archive: Buffer.from([n]) }),
      ) as [NewResource, NewResource, NewResource];
      await resources.publish(tenant, first);
      const { locator } = first;
      const got = await resources.get(locator);
      expect(Buffer.from((await resources.archive(got ?? second)) ?? [])).toEqual(first.archive);
      await resources.delete(tenant, locator);
      await resources.publish(tenant, second);
      for (const other of [got ?? second, third]) {
        expect(await resources.archive(other)).toBeUndefined();
        expect(await resources.delete(tenant, locator, other.manifest)).toBe("missing");
      }
      expect(await resources.delete("other", locator, first.manifest)).toBe("forbidden");
      const kept = await resources.archive(second);
      expect(Buffer.from(kept ?? [])).toEqual(second.archive);
      expect(await resources.delete(tenant, locator, second.manifest)).toBe("deleted");
    });

    it("are found by page, and go with their tenant", async () => {
      const [tenant, domain] = [unique("tenant"), unique("x.org")];
      await store().tenants.put({ id: tenant, settings: {}, secrets: null });
      const locators = ["b", "B", "a"].map((name) => `${domain}/${name}.text@1`);
      for (const locator of locators) {
        await store().resources.publish(tenant, resource(domain, { locator }));
      }
      const all = { text: "", domain, offset: 0, limit: 2 };
      const page = await store().resources.search(all);
      expect(page).toEqual({ locators: [locators[1], locators[2]], total: 3 });
      const rest = await store().resources.search({ ...all, offset: 2 });
      expect(rest).toEqual({ locators: [locators[0]], total: 3 });
      await store().tenants.delete(tenant);
      expect(await store().resources.get(locators[0] ?? "")).toBeUndefined();
      expect(await store().resources.publish("other", resource(domain))).toBe("published");
    });

    it("are found by their name, the newest first, of one type each", async () => {
      const [tenant, domain] = [unique("tenant"), unique("x.org")];
      const [first = "", second = "", third = ""] = ["a.text@2", "a.json@1", "a.text@1"];
      const others = ["a.b.text@1", "ab.text@1", "A.text@1", "b/a.text@1", "a.x/c.text@1"];
      for (const text of [first, ...others, second, third]) {
        await store().resources.publish(tenant, resource(domain, { locator: `${domain}/${text}` }));
        await sleep(5);
      }
      const name = { domain, stem: `${domain}/a`, limit: 10 };
      const named = async (more: object) =>
        (await store().resources.named({ ...name, ...more })).map((one) => one.split("/").at(-1));
      expect(await named({})).toEqual([third, second, first]);
      expect(await named({ limit: 1 })).toEqual([third]);
      expect(await named({ version: "1" })).toEqual([third, second]);
      expect(await named({ version: "3" })).toEqual([]);
      expect(await named({ stem: `${domain}/a.b` })).toEqual(["a.b.text@1"]);
      expect(await named({ domain: unique("y.org") })).toEqual([]);
      expect(await named({ stem: `${domain}/_` })).toEqual([]);
    });

    it("can have archives of 16 MB", async () => {
      const archive = Buffer.alloc(16 * 1_048_576, 7);
      const [tenant, domain] = [unique("tenant"), unique("x.org")];
      const large = resource(domain, { archive });
      expect(await store().resources.publish(tenant, large)).toBe("published");
      const kept = await store().resources.archive(large);
      expect(archive.equals(kept ?? Buffer.alloc(0))).toBe(true);
      expect(await store().resources.delete(tenant, large.locator)).toBe("deleted");
    });
  });
}
