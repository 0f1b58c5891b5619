import type { Server } from "node:http";
import type { Socket } from "node:net";

export interface StallLimits {
  /** Milliseconds within which a client must read some of its waiting bytes. */
  readonly stall: number;
  /** Milliseconds between two checks. */
  readonly look: number;
}

const LIMITS: StallLimits = { stall: 30_000, look: 2_000 };

/** State of a connection's client at the last check. */
interface Progress {
  /** Bytes of finished writes. */
  written: number;
  /** Bytes of the current write that the kernel has not taken. */
  left: number;
  since: number;
  /** True if bytes waited for it. */
  waited: boolean;
  /** True if it had read some of the waiting bytes since the check before. */
  moved: boolean;
}

const progresses = new WeakMap<Socket, Progress>();

/**
 * Tells whether a client keeps up. No bytes wait beyond the kernel's buffers, or it read some
 * before the last check.
 */
export function keepsUp(socket: Socket): boolean {
  return socket.writableLength === 0 || (progresses.get(socket)?.moved ?? false);
}

/**
 * Closes connections whose clients read nothing of what is written to them. Node's own timeout
 * would start again with each byte that such a client sends.
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

/** Asks the handle, as Node's own timeouts do: one large write may take a slow client minutes. */
function leftOf(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
