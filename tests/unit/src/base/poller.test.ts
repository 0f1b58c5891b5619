import { afterEach, describe, expect, it, vi } from "vitest";
import { Poller } from "../../../../src/base/poller.ts";

afterEach(() => void vi.useRealTimers());

/** Starts a poller whose looks end on request. */
function started() {
  const ends: (() => void)[] = [];
  const errors: unknown[] = [];
  const look = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)));
  const poller = new Poller({ look, every: 1_000, onError: (error) => errors.push(error) });
  const end = async () => {
    ends.shift()?.();
    await new Promise(setImmediate);
  };
  return { poller, look, end, errors };
}

describe("a poller", () => {
  it("looks when it is started, and again for all wakes during one look", async () => {
    const { poller, look, end } = started();
    poller.wake();
    expect(look).toHaveBeenCalledTimes(0);
    await new Promise(setImmediate);
    poller.start();
    poller.wake();
    poller.wake();
    expect(look).toHaveBeenCalledTimes(1);
    await end();
    expect(look).toHaveBeenCalledTimes(2);
    await end();
    expect(look).toHaveBeenCalledTimes(2);
    await poller.close();
  });

  it("looks in intervals, until it is stopped", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { poller, look, end } = started();
    poller.start();
    await end();
    vi.advanceTimersByTime(1_000);
    expect(look).toHaveBeenCalledTimes(2);
    poller.wake();
    poller.stop();
    await end();
    vi.advanceTimersByTime(5_000);
    expect(look).toHaveBeenCalledTimes(2);
  });

  it("is closed once its look is over", async () => {
    const { poller, end } = started();
    poller.start();
    const closed = vi.fn();
    void poller.close().then(closed);
    await new Promise(setImmediate);
    expect(closed).not.toHaveBeenCalled();
    await end();
    expect(closed).toHaveBeenCalled();
  });

  it("tells of a failure, and waits for the next wake", async () => {
    const { poller, look, errors } = started();
    look.mockRejectedValueOnce("failed");
    poller.start();
    poller.wake();
    await new Promise(setImmediate);
    expect(errors).toEqual(["failed"]);
    expect(look).toHaveBeenCalledTimes(1);
    poller.wake();
    expect(look).toHaveBeenCalledTimes(2);
    poller.stop();
  });
});
