import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests of one connection that are handled at once. */
const UNDER_WAY = 8;
/** Requests of one connection that may wait for those. */
const WAITING = 100;

/** Requests of one connection. */
interface Pipeline {
  readonly underWay: Set<ServerResponse>;
  readonly waiting: [IncomingMessage, ServerResponse][];
  /** True if it has sent too many requests: it closes after the answers under way. */
  ending: boolean;
}

/**
 * Handles only a few requests of one connection at once. Node passes on all requests of one read,
 * perhaps thousands, in one turn of the event loop. All other connections would wait for them.
 * While requests wait, the connection is paused, as far as Node allows. A connection with too many
 * waiting requests closes once those under way are answered.
 */
export function inPipelines(listener: RequestListener): RequestListener {
  const lines = new WeakMap<Socket, Pipeline>();

  function begin(line: Pipeline, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    line.underWay.add(outgoing);
    outgoing.once("close", () => {
      line.underWay.delete(outgoing);
      if (line.ending && line.underWay.size === 0) socket.destroySoon();
      // Started in a later turn, so that answers written at once do not fill a single turn.
      if (line.waiting.length > 0) setImmediate(advance, line, socket);
    });
    listener(incoming, outgoing);
  }

  function advance(line: Pipeline, socket: Socket): void {
    if (socket.destroyed) line.waiting.length = 0;
    while (line.underWay.size < UNDER_WAY) {
      const next = line.waiting.shift();
      if (next === undefined) break;
      begin(line, ...next);
    }
    if (line.waiting.length === 0 && !line.ending) socket.resume();
  }

  return (incoming, outgoing) => {
    const { socket } = incoming;
    // Node still delivers requests that it read before the connection ended.
    const line = lines.get(socket) ?? lineOf(socket);
    if (socket.destroyed || line.ending) return;
    lines.set(socket, line);
    if (line.underWay.size < UNDER_WAY && line.waiting.length === 0)
      begin(line, incoming, outgoing);
    else if (line.waiting.length < WAITING) {
      line.waiting.push([incoming, outgoing]);
      socket.pause();
    } else {
      // Requests under way are answered: a client that repeats them would execute them twice.
      line.waiting.length = 0;
      line.ending = true;
      socket.pause();
      if (line.underWay.size === 0) socket.destroySoon();
    }
  };
}

function lineOf(socket: Socket): Pipeline {
  const underWay = new Set<ServerResponse>();
  // Node tells the end of the connection to the first response alone: the others have none yet.
  socket.once("close", () => {
    for (const outgoing of [...underWay]) {
      if (outgoing.socket !== null) continue;
      outgoing.destroy();
      outgoing.emit("close");
    }
  });
  return { underWay, waiting: [], ending: false };
}
