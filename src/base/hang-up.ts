import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";

/** Milliseconds for which a peer may go on sending after the last byte to it. */
const LINGER_MS = 1_000;
/** Bytes of it that are discarded before the connection is cut. */
const LINGER_BYTES = 262_144;
/** Milliseconds that a slow reader has for the bytes not yet written. */
const FLUSH_MS = 10_000;

/**
 * Sends the last bytes, if any, and closes when they are out and the peer has stopped sending.
 * Closing earlier would reset the connection, and the peer could lose the answer. A peer that does
 * not read the last bytes within 10 s loses them. Without last bytes, the caller has to bound the
 * wait.
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

/** Ends the socket. Destroys it when the written bytes are out, or after 10 s. */
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
