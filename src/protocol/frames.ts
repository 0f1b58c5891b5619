/**
 * Framing of a control socket, for both ends. It uses no API of a single runtime.
 *
 * A frame is `u32 size | u8 version | u8 type | u32 header size | header (JSON) | payload (bytes)`,
 * big-endian. `size` counts all bytes after itself.
 */
export const PROTOCOL_VERSION = 1;

export const FrameType = {
  hello: 1,
  job: 2,
  log: 3,
  result: 4,
  error: 5,
  ping: 6,
  pong: 7,
  channel: 8,
  prepare: 9,
  prepared: 10,
  declined: 11,
  head: 12,
  chunk: 13,
  credit: 14,
  lingering: 15,
  finish: 16,
  socket: 17,
  renew: 18,
  renewed: 19,
  call: 20,
  artifact: 21,
  stopped: 22,
  take: 23,
} as const;

export type FrameName = keyof typeof FrameType;

export interface Frame {
  readonly type: FrameName;
  readonly header: Record<string, unknown>;
  readonly payload: Uint8Array;
}

/** Thrown for bytes that are no frame. The connection cannot be used afterwards. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Thrown as soon as a frame announces more bytes than the reader accepts. */
export class FrameTooLargeError extends FrameError {}

const SIZE_BYTES = 4;
const PREFIX_BYTES = 6;
/** Most bytes of a header. It is parsed, and parsing costs much more than carrying bytes. */
const SMALL_HEADER = 4_096;
const MAX_HEADER: Partial<Record<FrameName, number>> = {
  job: 1_048_576,
  prepare: 1_048_576,
  error: 262_144,
  // Names and values have 16,384 characters in all; JSON doubles that at most.
  head: 65_536,
};
const NAMES = new Map<number, FrameName>(
  Object.entries(FrameType).map(([name, code]) => [code, name as FrameName]),
);
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Encodes one frame. The payload is the concatenation of these parts; there may be none. */
export function encodeFrame(
  type: FrameName,
  header: object = {},
  ...payload: readonly Uint8Array[]
): Uint8Array {
  const size = payload.reduce((sum, part) => sum + part.length, 0);
  const bytes = encodeHead(type, header, size, size);
  let filled = bytes.length - size;
  for (const part of payload) {
    bytes.set(part, filled);
    filled += part.length;
  }
  return bytes;
}

/**
 * Encodes all that a frame has before its payload of so many bytes. `room` bytes stay free behind it.
 * A large payload is written after it, and not copied.
 */
export function encodeHead(
  type: FrameName,
  header: object,
  payloadBytes: number,
  room = 0,
): Uint8Array {
  const head = encoder.encode(JSON.stringify(header));
  const bytes = new Uint8Array(SIZE_BYTES + PREFIX_BYTES + head.length + room);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PREFIX_BYTES + head.length + payloadBytes);
  view.setUint8(4, PROTOCOL_VERSION);
  view.setUint8(5, FrameType[type]);
  view.setUint32(6, head.length);
  bytes.set(head, SIZE_BYTES + PREFIX_BYTES);
  return bytes;
}

/**
 * Cuts a byte stream into frames. Memory in use never exceeds one frame of `maxBytes`, whatever the
 * chunks look like.
 */
export class FrameDecoder {
  readonly #maxBytes: number;
  readonly #sizeBytes = new Uint8Array(SIZE_BYTES);
  #body: Uint8Array | undefined;
  #filled = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True if no frame is incomplete. */
  get isEmpty(): boolean {
    return this.#body === undefined && this.#filled === 0;
  }

  /**
   * Takes the next chunk and yields every frame it completes.
   *
   * @throws {FrameError} On bad bytes.
   */
  *push(chunk: Uint8Array): Generator<Frame> {
    let rest = chunk;
    while (rest.length > 0) {
      const target = this.#body ?? this.#sizeBytes;
      const taken = Math.min(target.length - this.#filled, rest.length);
      target.set(rest.subarray(0, taken), this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
      if (this.#filled < target.length) return;
      this.#filled = 0;
      if (this.#body === undefined) {
        this.#body = new Uint8Array(this.#announcedSize());
      } else {
        this.#body = undefined;
        yield decodeBody(target);
      }
    }
  }

  #announcedSize(): number {
    const size = new DataView(this.#sizeBytes.buffer).getUint32(0);
    if (size > this.#maxBytes) {
      throw new FrameTooLargeError(`A frame of ${size} bytes exceeds ${this.#maxBytes}`);
    }
    if (size < PREFIX_BYTES) throw new FrameError(`A frame of ${size} bytes is too short`);
    return size;
  }
}

function decodeBody(body: Uint8Array): Frame {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const version = view.getUint8(0);
  if (version !== PROTOCOL_VERSION) throw new FrameError(`Unknown protocol version ${version}`);
  const type = NAMES.get(view.getUint8(1));
  if (type === undefined) throw new FrameError(`Unknown frame type ${view.getUint8(1)}`);
  const headerSize = view.getUint32(2);
  const headerEnd = PREFIX_BYTES + headerSize;
  if (headerEnd > body.length) throw new FrameError("A header reaches past the end of its frame");
  if (headerSize > (MAX_HEADER[type] ?? SMALL_HEADER)) {
    throw new FrameError(`A header of ${headerSize} bytes is too long for a ${type} frame`);
  }
  return {
    type,
    header: decodeHeader(body.subarray(PREFIX_BYTES, headerEnd)),
    payload: body.subarray(headerEnd),
  };
}

function decodeHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(decoder.decode(bytes));
  } catch {
    throw new FrameError("A frame header is not JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new FrameError("A frame header is not an object");
  }
  return header as Record<string, unknown>;
}
