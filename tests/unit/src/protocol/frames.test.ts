import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameError,
  type FrameName,
  FrameTooLargeError,
  FrameType,
} from "../../../../src/protocol/frames.ts";
import { runs } from "../../../helpers/fuzz.ts";

const MAX = 10_000;
const names = Object.keys(FrameType) as FrameName[];
const anyFrame = fc.record({
  type: fc.constantFrom(...names),
  header: fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue(), { maxKeys: 5 }),
  payload: fc.uint8Array({ maxLength: 200 }),
});

function decodeInPieces(bytes: Uint8Array, size: number): Frame[] {
  const decoder = new FrameDecoder(MAX);
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    frames.push(...decoder.push(bytes.subarray(at, at + size)));
  }
  return frames;
}

describe("frames", () => {
  it("come out as they went in, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 5 }),
        fc.integer({ min: 1, max: 50 }),
        (frames, size) => {
          const stream = Buffer.concat(
            frames.map(({ type, header, payload }) => encodeFrame(type, header, payload)),
          );
          const decoded = decodeInPieces(stream, size);
          expect(decoded.map(({ type }) => type)).toEqual(frames.map(({ type }) => type));
          expect(decoded.map(({ header }) => JSON.stringify(header))).toEqual(
            frames.map(({ header }) => JSON.stringify(header)),
          );
          expect(decoded.map(({ payload }) => Buffer.from(payload))).toEqual(
            frames.map(({ payload }) => Buffer.from(payload)),
          );
        },
      ),
    );
  });

  it("that are no frames throw FrameError and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decodeInPieces(bytes, 7);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
      { numRuns: runs(2_000) },
    );
  });

  it.each([
    ["another version", (bytes: Buffer) => bytes.writeUInt8(9, 4)],
    ["an unknown type", (bytes: Buffer) => bytes.writeUInt8(99, 5)],
    ["a header past its end", (bytes: Buffer) => bytes.writeUInt32BE(1_000, 6)],
    ["a header that is no JSON", (bytes: Buffer) => bytes.writeUInt8(0x7f, 10)],
    ["a size below its own prefix", (bytes: Buffer) => bytes.writeUInt32BE(3, 0)],
  ])("with %s are refused", (_what, damage) => {
    const bytes = Buffer.from(encodeFrame("log", { level: "log" }, new Uint8Array(3)));
    damage(bytes);
    expect(() => decodeInPieces(bytes, 100)).toThrow(FrameError);
  });

  it.each(["[1]", "null", '"x"', "1"])("with the header %s are refused", (header) => {
    const bytes = Buffer.concat([Buffer.alloc(10), Buffer.from(header)]);
    bytes.writeUInt32BE(6 + header.length, 0);
    bytes.writeUInt8(1, 4);
    bytes.writeUInt8(3, 5);
    bytes.writeUInt32BE(header.length, 6);
    expect(() => decodeInPieces(bytes, 100)).toThrow("A frame header is not an object");
  });

  it("with a header that is long enough to cost us are refused before it is parsed", () => {
    const header = { nested: "[".repeat(5_000) };
    const decoder = new FrameDecoder(1_000_000);
    expect(() => [...decoder.push(encodeFrame("log", header))]).toThrow("too long for a log frame");
    expect([...decoder.push(encodeFrame("error", header))]).toHaveLength(1);
  });

  it("above the limit are refused by their announcement, before any of it is held", () => {
    const announcement = Buffer.from([0xff, 0xff, 0xff, 0xff]);
    expect(() => decodeInPieces(announcement, 4)).toThrow(FrameTooLargeError);
  });
});
