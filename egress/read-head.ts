import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";

export type HeadFault = "malformed" | "too-large" | "too-late" | "closed";

/** No complete head arrived. The socket is left unchanged. */
export class HeadError extends Error {
  override readonly name = "HeadError";
  readonly fault: HeadFault;

  constructor(fault: HeadFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export interface HeadLimits {
  readonly bytes: number;
  /** Most lines, including the first and the empty one. */
  readonly lines: number;
}

/** A head, and the bytes that arrived behind it. */
export interface ReadHead {
  readonly head: Buffer;
  readonly rest: Buffer;
}

/** Returns the end of the wanted part in the bytes so far, or `undefined` if it has not arrived. */
export type Find = (bytes: Buffer) => number | undefined;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Waits for a client's first bytes, however few.
 *
 * @throws {HeadError} If none arrive in time.
 */
export async function readOpening(socket: Socket, timeoutMs: number): Promise<Buffer> {
  const { rest } = await readUntil(socket, Buffer.alloc(0), timeoutMs, (bytes) =>
    bytes.length > 0 ? 0 : undefined,
  );
  return rest;
}

/**
 * Reads an HTTP head, including its empty line. `opening` holds the bytes that were read before.
 * The socket is paused afterwards. Without `timeoutMs` it waits until the socket closes.
 *
 * @throws {HeadError} As soon as it is certain that no acceptable head will come.
 */
export function readHead(
  socket: Socket,
  opening: Buffer,
  limits: HeadLimits,
  timeoutMs?: number,
): Promise<ReadHead> {
  return readUntil(socket, opening, timeoutMs, headEnd(limits));
}

/** Makes a finder for the end of a head that arrives in parts. Reads no byte twice. */
export function headEnd(limits: HeadLimits): Find {
  let looked = 0;
  let start = 0;
  let lines = 1;
  /** Refuses a single line feed: it ends lines for some readers only. */
  function endOfHead(bytes: Buffer): number | undefined {
    for (;;) {
      const end = bytes.indexOf(LF, looked);
      looked = end === -1 ? bytes.length : end + 1;
      if (end === -1) return undefined;
      if (bytes[end - 1] !== CR) throw new HeadError("malformed", "A line ends without CR LF");
      if (end - start === 1) return end + 1;
      if (lines === limits.lines) {
        throw new HeadError("too-large", `The head has over ${lines} lines`);
      }
      lines += 1;
      start = end + 1;
    }
  }
  return (bytes) => {
    const end = endOfHead(bytes);
    if ((end ?? bytes.length) > limits.bytes) {
      throw new HeadError("too-large", `The head is longer than ${limits.bytes} bytes`);
    }
    return end;
  };
}

function readUntil(
  socket: Socket,
  opening: Buffer,
  timeoutMs: number | undefined,
  find: Find,
): Promise<ReadHead> {
  return new Promise((resolve, reject) => {
    let bytes = opening;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => fail(new HeadError("too-late", "The head took too long")), timeoutMs);

    const onData = (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      look();
    };
    const onClosed = () => fail(new HeadError("closed", "The connection ended before its head"));

    function look(): void {
      try {
        const end = find(bytes);
        if (end === undefined) return;
        settle();
        resolve({ head: bytes.subarray(0, end), rest: bytes.subarray(end) });
      } catch (error) {
        fail(error);
      }
    }
    function fail(error: unknown): void {
      settle();
      reject(error);
    }
    function settle(): void {
      clearTimeout(timer);
      socket.off("data", onData).off("end", onClosed).off("close", onClosed).pause();
    }

    socket.on("data", onData).once("end", onClosed).once("close", onClosed);
    socket.resume();
    if (opening.length > 0) look();
    if (socket.destroyed || socket.readableEnded) onClosed();
  });
}
