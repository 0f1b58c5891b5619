import type { Socket } from "node:net";

const since = new WeakMap<Socket, number>();

/** Notes that all requests of a connection are answered. */
export function noteIdle(socket: Socket): void {
  since.set(socket, performance.now());
}

/** Notes that a connection has a request again. */
export function noteBusy(socket: Socket): void {
  since.delete(socket);
}

/** Returns the milliseconds since the last answer of a connection, or 0 if it has a request. */
export function idleFor(socket: Socket): number {
  const idleSince = since.get(socket);
  return idleSince === undefined ? 0 : performance.now() - idleSince;
}
