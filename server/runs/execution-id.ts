import { randomBytes } from "node:crypto";

/** Ids that can be made within one millisecond and still be in order. */
const PER_MILLISECOND = 0x1000;

let last = 0;
let count = 0;

/**
 * A new UUID of version 7 (RFC 9562). Those of one process sort as they were made, also within a
 * millisecond, by a counter where the standard allows one.
 */
export function executionId(): string {
  const now = Date.now();
  if (now > last) {
    last = now;
    count = 0;
  } else {
    count += 1;
    // A clock that stands still, or goes back, is not waited for.
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
