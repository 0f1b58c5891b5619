import type { Socket } from "node:net";

/** Counts bytes before they are passed on; false if they may not be. */
export type Meter = (bytes: number) => boolean;

/**
 * Passes on what `from` sends, as fast as `to` takes it. `onEnd` is called when `from` has sent its
 * last; nothing is ended here. Stops at the first chunk `meter` says no to.
 */
export function pump(from: Socket, to: Socket, meter: Meter, onEnd: () => void): void {
  from.on("data", (chunk: Buffer) => {
    if (!meter(chunk.length) || !to.writable) return;
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
  from.once("end", onEnd);
  if (from.readableEnded) onEnd();
  else from.resume();
}
