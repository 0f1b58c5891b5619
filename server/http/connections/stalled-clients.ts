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
  /** Whether something waited for it. */
  waited: boolean;
  /** Whether it had taken some of what waited at the look before. */
  moved: boolean;
}

const progresses = new WeakMap<Socket, Progress>();

/** Whether nothing waits for a connection's client beyond the kernel's buffers, or it was taking that at the last look. */
export function keepsUp(socket: Socket): boolean {
  return socket.writableLength === 0 || (progresses.get(socket)?.moved ?? false);
}

/**
 * Ends connections whose clients take nothing of what is written to them. A timeout of Node's own would
 * wait anew for each byte that such a client sends.
 */
export function endStalled(server: Server, { stall, look }: StallLimits = LIMITS): void {
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    const since = performance.now();
    progresses.set(socket, { written: 0, left: 0, since, waited: false, moved: false });
    socket.once("close", () => connections.delete(socket));
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const socket of connections) {
      const progress = progresses.get(socket) as Progress;
      const written = socket.bytesWritten - socket.writableLength;
      const left = leftOf(socket);
      const moves = written !== progress.written || left !== progress.left;
      const waits = socket.writableLength > 0;
      Object.assign(progress, { waited: waits, moved: moves && progress.waited });
      if (moves || !waits) Object.assign(progress, { written, left, since: now });
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
