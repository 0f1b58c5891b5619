import { describe, expect, it } from "vitest";
import type { Store } from "../../server/store/contract/store.ts";
import { NASTY, unique } from "../helpers/store-rows.ts";

const ANSWER = { status: 200, contentType: "application/json", body: NASTY };
const MINUTE = 60_000;

export function idempotencyCases(store: () => Store): void {
  describe("idempotency", () => {
    const begin = async (tenant: string, fingerprint = "print", most = MINUTE) =>
      store().idempotency.begin(tenant, "key", fingerprint, most);

    const answer = async (tenant: string, fingerprint = "print") =>
      store().idempotency.answer(tenant, "key", fingerprint);

    it("lets one of many begin, and gives its answer to the others", async () => {
      const tenant = unique("tenant");
      const begun = await Promise.all(Array.from({ length: 8 }, () => begin(tenant)));
      expect(begun.map(({ state }) => state).sort()).toEqual(
        ["new", ...Array(7).fill("running")].sort(),
      );
      expect(await begin(tenant, "another")).toEqual({ state: "mismatch" });
      await store().idempotency.finish(tenant, "key", "print", ANSWER);
      // It has only the size: without room for the answer, a server does not read it.
      const done = { state: "done", size: expect.any(Number) };
      expect(await begin(tenant)).toEqual(done);
      expect(await answer(tenant)).toEqual(ANSWER);
      expect(await answer(tenant, "another")).toBeUndefined();
      expect(await begin(tenant, "another")).toEqual({ state: "mismatch" });
      expect(await begin(unique("other"))).toEqual({ state: "new" });
    });

    it("says how large an answer is, and reads it for whoever asks for it", async () => {
      const tenant = unique("tenant");
      await begin(tenant);
      expect(await answer(tenant)).toBeUndefined();
      const large = { ...ANSWER, body: JSON.stringify({ result: "ä".repeat(1_000_000) }) };
      await store().idempotency.finish(tenant, "key", "print", large);
      const begun = await begin(tenant);
      const size = "size" in begun ? begun.size : 0;
      expect(size).toBeGreaterThanOrEqual(Buffer.byteLength(large.body));
      expect(size).toBeLessThan(2_001_000);
      expect(await answer(tenant)).toEqual(large);
    });

    it("keeps nothing of another request than the one that is under way", async () => {
      const tenant = unique("tenant");
      await begin(tenant, "second");
      await store().idempotency.finish(tenant, "key", "print", ANSWER);
      await store().idempotency.abandon(tenant, "key", "print");
      expect(await begin(tenant, "second")).toEqual({ state: "running" });
    });

    it("begins anew after it was abandoned, or left without an answer for too long", async () => {
      const tenant = unique("tenant");
      await begin(tenant);
      await store().idempotency.abandon(tenant, "key", "print");
      expect(await begin(tenant, "another", -1_000)).toEqual({ state: "new" });
      expect(await begin(tenant, "third")).toEqual({ state: "new" });
      expect(await begin(tenant, "third")).toEqual({ state: "running" });
    });

    it("counts as running for as long as it is renewed, and no other request with it", async () => {
      const tenant = unique("tenant");
      const key = { tenant, key: "key", fingerprint: "print" };
      await begin(tenant, "print", -1_000);
      await store().idempotency.renew([{ ...key, fingerprint: "another" }], MINUTE);
      expect(await begin(tenant, "print", -1_000)).toEqual({ state: "new" });
      await store().idempotency.renew([key, { ...key, tenant: unique("nobody") }], MINUTE);
      expect(await begin(tenant)).toEqual({ state: "running" });
      // A shorter lease takes nothing from a longer one, and an answer is not changed.
      await store().idempotency.renew([key], -1_000);
      expect(await begin(tenant)).toEqual({ state: "running" });
      await store().idempotency.finish(tenant, "key", "print", ANSWER);
      await store().idempotency.renew([key], MINUTE);
      expect(await answer(tenant)).toEqual(ANSWER);
    });

    it("keeps an answer whatever comes later, until it is forgotten", async () => {
      const tenant = unique("tenant");
      await begin(tenant, "print", -1_000);
      await store().idempotency.finish(tenant, "key", "print", ANSWER);
      await store().idempotency.finish(tenant, "key", "print", { ...ANSWER, status: 500 });
      await store().idempotency.abandon(tenant, "key", "print");
      await store().idempotency.prune(MINUTE);
      expect(await begin(tenant)).toMatchObject({ state: "done" });
      expect(await answer(tenant)).toEqual(ANSWER);
      expect(await store().idempotency.prune(-MINUTE)).toBeGreaterThan(0);
      expect(await begin(tenant)).toEqual({ state: "new" });
    });
  });
}
