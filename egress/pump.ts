import type { Socket } from "node:net";

/** Counts bytes before they are forwarded. Returns false if they must not be. */
export type CountBytes = (bytes: number) => boolean;

/**
 * Forwards the bytes of `from`, as fast as `to` takes them. Calls `onEnd` when `from` has ended;
 * ends neither socket. Stops at the first chunk that `meter` refuses.
 */
export function pump(
  from: Socket,
  to: Socket,
  meter: CountBytes,
  onEnd: () => void,
  /** Forwards a chunk. Returns false if the next one must wait for `to`. */
  pass: (chunk: Buffer) => boolean = (chunk) => to.write(chunk),
): void {
  from.on("data", (chunk: Buffer) => {
    if (!meter(chunk.length) || !to.writable) return;
    if (pass(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
  from.once("end", onEnd);
  if (from.readableEnded) onEnd();
  else from.resume();
}

/** Writes, and resolves once the socket takes more, or once either socket has closed. */
export function writeAndWait(socket: Socket, bytes: Buffer, other: Socket): Promise<void> {
  if (socket.write(bytes) || socket.destroyed || other.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      other.off("close", done);
      resolve();
    };
    socket.once("drain", done).once("close", done);
    other.once("close", done);
  });
}
