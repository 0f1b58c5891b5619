import type { Server } from "node:http";
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Pipelines } from "./pipelines.ts";

const kept = new WeakMap<Server, Pipelines>();

/** Notes the requests of a server's connections for the functions below. */
export function keepConnections(server: Server, pipelines: Pipelines): void {
  kept.set(server, pipelines);
}

/**
 * Bounds the connections of a server. One too many closes the connection that has been idle for
 * longest, or is closed itself if none is idle. So clients that keep theirs shut out nobody.
 */
export function boundConnections(server: Server, most: number): void {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    if (open.size <= most) return;
    const surplus = kept.get(server)?.takeIdle() ?? socket;
    // Removed at once, because it is closed at once and says so later.
    open.delete(surplus);
    surplus.destroy();
  });
}

/** Answers `Connection: close` from now on, so that clients send their next requests elsewhere. */
export function leaveKept(server: Server): void {
  kept.get(server)?.leave();
}

/** Closes all connections that are idle, after reading what has arrived on them. */
export async function closeKept(server: Server): Promise<void> {
  await nextTurn();
  for (let idle = kept.get(server)?.takeIdle(); idle; idle = kept.get(server)?.takeIdle()) {
    idle.destroy();
  }
}
