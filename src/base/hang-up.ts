import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";

/** How long a peer may go on sending after it was told the last. */
const LINGER_MS = 1_000;
/** How much of that is thrown away before the connection is cut. */
const LINGER_BYTES = 262_144;
/** How long a peer that reads slowly has for what is still to be written. */
const FLUSH_MS = 10_000;

/**
 * Says the last words, if any, and closes once they are out and the peer has stopped sending. To
 * close while it sends would reset the connection and could take the answer away from it. A peer that
 * does not read its last words loses them after 10 s; without any, whoever called sees to that.
 */
export function hangUp(socket: Socket, lastWords?: string | Uint8Array): void {
  let left = LINGER_BYTES;
  let timer: NodeJS.Timeout | undefined;
  const destroyAfter = (milliseconds: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), milliseconds);
  };
  socket.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
  socket.once("end", () => destroySoon(socket));
  socket.once("finish", () => destroyAfter(LINGER_MS));
  socket.once("close", () => clearTimeout(timer));
  if (lastWords === undefined) {
    socket.end();
  } else {
    destroyAfter(FLUSH_MS);
    socket.end(lastWords);
  }
  if (socket.readableEnded) destroySoon(socket);
  else socket.resume();
}

/** Ends the socket, and destroys it once what was written is on its way, or 10 s later. */
export function destroySoon(socket: Socket): void {
  if (socket.writableFinished) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), FLUSH_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.once("finish", () => socket.destroy());
  if (!socket.writableEnded) socket.end();
}
