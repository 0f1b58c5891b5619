import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { untilAborted } from "../../../../src/base/until-aborted.ts";

it("settles as the work does, and leaves nothing with the signal", async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(untilAborted(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

it("rejects with the reason, whether the signal is aborted before or meanwhile", async () => {
  const controller = new AbortController();
  const waiting = untilAborted(new Promise(() => {}), controller.signal);
  controller.abort(new Error("cut"));
  await expect(waiting).rejects.toThrow("cut");
  await expect(untilAborted(new Promise(() => {}), controller.signal)).rejects.toThrow("cut");
});
