import { describe, expect, it } from "vitest";
import { endOfError } from "../../../../server/runs/execution-end.ts";
import { Aborted } from "../../../../src/base/errors.ts";

describe("an execution whose caller went away", () => {
  it("has taken what was measured until then", () => {
    const aborted = new Aborted();
    aborted.usage = {
      wall: 40,
      queued: 5,
      cpu: 31.5,
      peakMemory: 1,
      bytesOut: 2,
      egressBytes: 3,
      channelDropped: 4,
    };
    const { usage } = aborted;
    expect(endOfError(aborted, 50)).toEqual({
      outcome: "aborted",
      error: null,
      duration: 50,
      usage,
    });
  });

  it("has taken nobody knows what if nothing was", () => {
    expect(endOfError(new Aborted(), 50).usage).toMatchObject({ wall: 50, cpu: null });
  });
});
