import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ResultMeter } from "../../src/database/result-meter.ts";
import { readStartup } from "../../src/database/startup.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";

const LIMITS = { rows: 5, bytes: 400 };

interface Message {
  readonly type: string;
  readonly size: number;
}

const messages = fc.array(
  fc.record({
    type: fc.constantFrom(..."RSKDDDDTCCZZENNVdIsA12nt"),
    size: fc.oneof(fc.nat(40), fc.nat(2_000)),
  }),
  { maxLength: 40 },
);

function bytesOf(all: readonly Message[]): Buffer {
  return Buffer.concat(
    all.map(({ type, size }) => {
      const bytes = Buffer.alloc(5 + size, 0x58);
      bytes.write(type, 0, "latin1");
      bytes.writeUInt32BE(size + 4, 1);
      return bytes;
    }),
  );
}

/** Cuts bytes as a network might. */
function chunksOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** Reads whole messages, and fails for any other bytes. */
function read(bytes: Buffer): Message[] {
  const all: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at + 1) - 4;
    all.push({ type: String.fromCharCode(bytes[at] ?? 0), size });
    at += 5 + size;
    expect(at).toBeLessThanOrEqual(bytes.length);
  }
  return all;
}

const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 });

describe("what a database server sends", () => {
  it(
    "is the same however it is cut, and never more of one statement than the limits",
    () => {
      fc.assert(
        fc.property(messages, sizes, (sent, cuts) => {
          const bytes = bytesOf(sent);
          const told = (chunks: readonly Buffer[]): Buffer => {
            const meter = new ResultMeter(LIMITS, () => {});
            return Buffer.concat(chunks.flatMap((chunk) => meter.push(chunk)));
          };
          const out = told([bytes]);
          expect(told(chunksOf(bytes, cuts)).equals(out)).toBe(true);
          let rows = 0;
          let counted = 0;
          for (const { type, size } of read(out)) {
            if ("Dd".includes(type)) rows += 1;
            if (type !== "Z") counted += size;
            expect(rows).toBeLessThanOrEqual(LIMITS.rows);
            // Our own error replaces the part above the limit.
            expect(counted).toBeLessThanOrEqual(LIMITS.bytes + 200);
            if ("CIsEZ".includes(type)) [rows, counted] = [0, 0];
          }
          const waits = (all: readonly Message[]) => all.filter(({ type }) => type === "Z").length;
          expect(waits(read(out))).toBe(waits(sent));
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );

  it(
    "is refused or passed on in bounded pieces, whatever it is",
    () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2_000 }), sizes, (bytes, cuts) => {
          const meter = new ResultMeter(LIMITS, () => {});
          let out = 0;
          try {
            for (const chunk of chunksOf(Buffer.from(bytes), cuts)) {
              for (const piece of meter.push(chunk)) out += piece.length;
            }
          } catch (error) {
            expect(String(error)).toBe("Error: The server sent no message");
          }
          // Each cut statement gets an error of ours, and came in with at least five bytes.
          expect(out).toBeLessThanOrEqual(bytes.length + 200 * Math.ceil(bytes.length / 5));
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );
});

describe("what a client opens a connection with", () => {
  const packet = fc
    .tuple(
      fc.oneof(fc.constantFrom(196_608, 80_877_102, 80_877_103, 80_877_104), fc.nat(0xffff_ffff)),
      fc.uint8Array({ maxLength: 40 }),
      fc.option(fc.nat(0xffff_ffff)),
    )
    .map(([code, rest, length]) => {
      const bytes = Buffer.alloc(8 + rest.length);
      bytes.writeUInt32BE(length ?? bytes.length, 0);
      bytes.writeUInt32BE(code, 4);
      bytes.set(rest, 8);
      return bytes;
    });

  it(
    "is taken, given up or refused, and answered with two bytes at most",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(packet, { maxLength: 5 }), sizes, async (packets, cuts) => {
          const written: Buffer[] = [];
          const client = new PassThrough();
          const socket = Object.assign(client, {}) as unknown as Socket;
          socket.write = ((data: string) => written.push(Buffer.from(data)) > 0) as Socket["write"];
          const started = readStartup(socket).then(
            (isOpen) => isOpen,
            (error: Error) => error.message,
          );
          for (const chunk of chunksOf(Buffer.concat(packets), cuts)) client.push(chunk);
          client.push(null);
          client.once("end", () => client.destroy());
          const outcome = await started;
          const known = [
            true,
            false,
            "It is no protocol of ours",
            "It speaks before it is answered",
          ];
          expect(known).toContain(outcome);
          if (outcome === true)
            expect(packets.some((p) => p.readUInt32BE(4) >>> 16 === 3)).toBe(true);
          expect(Buffer.concat(written).length).toBeLessThanOrEqual(2);
          client.destroy();
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );
});
