import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { type Granted, Permits } from "../../../../server/quotas/permits.ts";
import type { Wanted } from "../../../../server/store/contract/leases.ts";

/** Makes permits over a count of the test's own, and keeps the questions. */
function permitsOf(left: number, more: Partial<Granted> = {}) {
  const questions: Wanted[] = [];
  const count = { left };
  const permits = new Permits(async (wanted) => {
    questions.push(wanted);
    await sleep(5);
    count.left += wanted.gives;
    const granted = Math.min(count.left, wanted.wants + wanted.ahead);
    count.left -= granted;
    return { granted, lasts: 60_000, refusal: () => new Error("none left"), ...more };
  });
  return { permits, questions, count };
}

it("are asked for together, then ahead of time, and come back unused", async () => {
  const { permits, questions, count } = permitsOf(1_000);
  await permits.take();
  expect(questions).toEqual([{ wants: 1, ahead: 0, gives: 0 }]);
  await Promise.all(Array.from({ length: 20 }, () => permits.take()));
  expect(questions.length).toBeLessThanOrEqual(3);
  const before = questions.length;
  expect(questions.reduce((all, { wants }) => all + wants, 0)).toBe(21);
  expect(permits.ahead).toBeGreaterThan(0);
  for (let n = 0; n < 10; n += 1) await permits.take();
  permits.put();
  expect(questions).toHaveLength(before);
  // After two seconds without use, all that was not used is back.
  await sleep(3_300);
  expect(permits.unused).toBe(0);
  expect(count.left).toBe(1_000 - 30);
});

it("are refused for a moment without a further question", async () => {
  const { permits, questions } = permitsOf(1);
  const all = await Promise.allSettled([1, 2, 3].map(() => permits.take()));
  expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  const before = questions.length;
  await expect(permits.take()).rejects.toThrow("none left");
  expect(questions).toHaveLength(before);
});

it("are waited for while others may give some back", async () => {
  const { permits, count } = permitsOf(0, { again: 20 });
  setTimeout(() => {
    count.left = 1;
  }, 100);
  await permits.take();
  const since = performance.now();
  await expect(permits.take()).rejects.toThrow("none left");
  expect(performance.now() - since).toBeGreaterThan(1_500);
});

it("fail with the store, and no longer than it", async () => {
  let isAway = true;
  const permits = new Permits(async ({ wants }) => {
    if (isAway) throw new Error("away");
    return { granted: wants, lasts: 60_000, refusal: () => new Error("none left") };
  });
  await expect(permits.take()).rejects.toThrow("away");
  isAway = false;
  await permits.take();
});
