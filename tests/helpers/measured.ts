import { expect } from "vitest";

/** Members of every output that depend on measurements. */
export const MEASURED = {
  duration: expect.any(Number) as unknown,
  usage: {
    wall: expect.any(Number) as unknown,
    queued: expect.any(Number) as unknown,
    cpu: expect.toSatisfy(isMeasure) as unknown,
    peakMemory: expect.toSatisfy(isMeasure) as unknown,
    bytesOut: expect.any(Number) as unknown,
    egressBytes: 0,
    channelDropped: 0,
    fresh: "container",
  },
};

function isMeasure(value: unknown): boolean {
  return value === null || (typeof value === "number" && value >= 0);
}
