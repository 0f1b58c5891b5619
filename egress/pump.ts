import type { Socket } from "node:net";

/** Counts bytes before they are passed on; false if they may not be. */
export type CountBytes = (bytes: number) => boolean;

/**
 * Passes on what `from` sends, as fast as `to` takes it. `onEnd` is called when `from` has sent its
 * last; nothing is ended here. Stops at the first chunk `meter` says no to.
 */
export function pump(
  from: Socket,
  to: Socket,
  meter: CountBytes,
  onEnd: () => void,
  /** Passes a chunk on; false if more is to wait until `to` has taken it. */
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

/** Writes, and resolves once the socket takes more, or either it or `other` has closed. */
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
