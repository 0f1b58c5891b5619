import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Closes connections that are idle for too long, as Node does by itself, but reads first. A turn of
 * the event loop sees its timers before its sockets. After a pause of the process it would close
 * connections whose next request has been waiting in the kernel, unanswered.
 */
export function closeIdle(server: Server): void {
  server.on("timeout", (socket: Socket) => {
    const { bytesRead } = socket;
    // Runs after the sockets of this turn. What they read starts the time again.
    setImmediate(() => {
      if (socket.bytesRead === bytesRead) socket.destroy();
    });
  });
}
