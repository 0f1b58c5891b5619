import { randomBytes } from "node:crypto";

/** Number of ordered ids within one millisecond. */
const PER_MILLISECOND = 0x1000;

let last = 0;
let count = 0;

/**
 * Makes a UUID of version 7 (RFC 9562). Ids of one process sort in the order of their creation.
 * Within a millisecond a counter orders them, where the standard allows one.
 */
export function executionId(): string {
  const now = Date.now();
  if (now > last) {
    last = now;
    count = 0;
  } else {
    count += 1;
    // Goes on without waiting for a clock that stands still or goes back.
    if (count === PER_MILLISECOND) {
      last += 1;
      count = 0;
    }
  }
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(last, 0, 6);
  bytes.writeUInt16BE(0x7000 | count, 6);
  randomBytes(8).copy(bytes, 8);
  bytes.writeUInt8(0x80 | ((bytes[8] ?? 0) & 0x3f), 8);
  const hex = bytes.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
