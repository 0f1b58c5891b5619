import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Poller } from "../../../../src/base/poller.ts";

it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  "loses no wake that comes %i promises behind a look",
  async (depth) => {
    let looks = 0;
    const poller = new Poller({
      every: 3_600_000,
      onError: (error) => expect.unreachable(String(error)),
      look: async () => {
        looks += 1;
        if (looks > 1) return;
        let late = Promise.resolve();
        for (let step = 0; step < depth; step += 1) late = late.then(() => {});
        void late.then(() => poller.wake());
      },
    });
    poller.start();
    await nextTurn();
    expect(looks).toBe(2);
    await poller.close();
  },
);

it("looks no more after a failure until it is woken", async () => {
  let looks = 0;
  const errors: unknown[] = [];
  const poller = new Poller({
    every: 3_600_000,
    onError: (error) => errors.push(error),
    look: async () => {
      looks += 1;
      await null;
      poller.wake();
      throw new Error("away");
    },
  });
  poller.start();
  await nextTurn();
  expect([looks, errors.length]).toEqual([1, 1]);
  poller.wake();
  await nextTurn();
  expect(looks).toBe(2);
  await poller.close();
});
