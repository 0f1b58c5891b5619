import type { Server } from "node:http";
import type { Socket } from "node:net";

export interface StallLimits {
  /** Milliseconds in which a client has to take something of what waits for it. */
  readonly stall: number;
  /** Milliseconds between two looks. */
  readonly look: number;
}

const LIMITS: StallLimits = { stall: 30_000, look: 2_000 };

/** How far a connection's client had come when that was last looked at. */
interface Progress {
  /** Bytes of writes that are over. */
  written: number;
  /** Bytes that the kernel has not taken of the write under way. */
  left: number;
  since: number;
}

/**
 * Ends connections whose clients take nothing of what is written to them. A timeout of Node's own would
 * wait anew for each byte that such a client sends.
 */
export function endStalled(server: Server, { stall, look }: StallLimits = LIMITS): void {
  const connections = new Map<Socket, Progress>();
  server.on("connection", (socket: Socket) => {
    connections.set(socket, { written: 0, left: 0, since: performance.now() });
    socket.once("close", () => connections.delete(socket));
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, progress] of connections) {
      const written = socket.bytesWritten - socket.writableLength;
      const left = leftOf(socket);
      const moves = written !== progress.written || left !== progress.left;
      if (moves || socket.writableLength === 0)
        Object.assign(progress, { written, left, since: now });
      else if (now - progress.since >= stall) socket.destroy();
    }
  }, look).unref();
  server.once("close", () => clearInterval(timer));
}

/** Asks the handle, as Node's own timeouts do: one write of megabytes may take a slow client minutes. */
function leftOf(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
