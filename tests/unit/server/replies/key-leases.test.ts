import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LEASE, RENEW_AGAIN, RENEW_EVERY } from "../../../../server/quotas/lease-times.ts";
import { KeyLeases } from "../../../../server/replies/idempotency/key-leases.ts";
import type { IdempotencyKey } from "../../../../server/store/contract/idempotency.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const keyOf = (key: string): IdempotencyKey => ({ tenant: "acme", key, fingerprint: "print" });

it("renews keys that are held, all by one statement, and no others", async () => {
  const renewed: string[] = [];
  let away = 0;
  const leases = new KeyLeases({
    async renew(keys, most) {
      expect(most).toBe(LEASE);
      if (away-- > 0) throw new Error("Away");
      renewed.push(keys.map(({ key }) => key).join());
    },
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  expect([leases.first(5), leases.first(3 * LEASE)]).toEqual([5, LEASE]);
  const short = leases.hold(keyOf("short"), 60_000);
  await pass(RENEW_EVERY - 1);
  short();
  await pass(LEASE);
  expect(renewed).toEqual([]);
  const release = leases.hold(keyOf("a"), 60_000);
  // Its work may take no longer.
  leases.hold(keyOf("b"), RENEW_EVERY + 1_000);
  await pass(2 * RENEW_EVERY);
  expect(renewed).toEqual(["a,b", "a"]);
  // The store is away for two attempts.
  away = 2;
  await pass(RENEW_EVERY + RENEW_AGAIN);
  expect(renewed).toHaveLength(2);
  await pass(RENEW_AGAIN);
  expect(renewed).toEqual(["a,b", "a", "a"]);
  release();
  await pass(LEASE);
  expect(renewed).toHaveLength(3);
  leases.hold(keyOf("c"), 60_000);
  leases.close();
  await pass(LEASE);
  expect(renewed).toHaveLength(3);
});
