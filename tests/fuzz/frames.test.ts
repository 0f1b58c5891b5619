import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeFrame,
  FrameDecoder,
  FrameError,
  type FrameName,
  FrameType,
} from "../../src/protocol/frames.ts";
import { readChannel, readError, readLog, readResult } from "../../src/protocol/inbound.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";

const MAX = 10_000;

/** Frames with any header and payload, with some bytes changed. */
const damaged = fc
  .tuple(
    fc.constantFrom(...(Object.keys(FrameType) as FrameName[])),
    fc.dictionary(
      fc.constantFrom(
        "level",
        "dropped",
        "hasResult",
        "binaryBytes",
        "name",
        "stack",
        "op",
        "topic",
      ),
      fc.anything({ withNullPrototype: true }).filter((value) => isJsonable(value)),
    ),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
  )
  .map(([type, header, payload, changes]) => {
    const bytes = encodeFrame(type, header, payload);
    for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });

function isJsonable(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

describe("what a sandbox sends", () => {
  it(
    "is read, or refused as no frame, and its claims keep their types",
    () => {
      fc.assert(
        fc.property(damaged, (bytes) => {
          try {
            for (const frame of new FrameDecoder(MAX).push(bytes)) {
              const log = readLog(frame);
              if ("message" in log) expect(typeof log.message).toBe("string");
              expect(typeof readError(frame).fault.message).toBe("string");
              expect(readResult(frame).dropped).toBeGreaterThanOrEqual(0);
              readChannel(frame);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(FrameError);
          }
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );
});
