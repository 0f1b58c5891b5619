import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests of one connection that are handled at once. */
const UNDER_WAY = 8;
/** Requests of one connection that wait for those. */
const WAITING = 100;

/** What one connection has asked for. */
interface Pipeline {
  underWay: number;
  readonly waiting: [IncomingMessage, ServerResponse][];
  /** Whether it has asked for too much: it ends with the answers under way. */
  ending: boolean;
}

/**
 * Handles few requests of one connection at once. Node hands over all that one read holds, thousands
 * perhaps, in one turn of the event loop; handled so, they keep everybody else waiting. While some wait,
 * nothing more is read, as far as Node lets that be said. A connection that has asked for more ends once those are
 * answered.
 */
export function inPipelines(listener: RequestListener): RequestListener {
  const lines = new WeakMap<Socket, Pipeline>();

  function begin(line: Pipeline, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    line.underWay += 1;
    outgoing.once("close", () => {
      line.underWay -= 1;
      if (line.ending && line.underWay === 0) socket.destroySoon();
      // In a later turn: answers that are written at once would follow each other without an end.
      if (line.waiting.length > 0) setImmediate(advance, line, socket);
    });
    listener(incoming, outgoing);
  }

  function advance(line: Pipeline, socket: Socket): void {
    if (socket.destroyed) line.waiting.length = 0;
    while (line.underWay < UNDER_WAY) {
      const next = line.waiting.shift();
      if (next === undefined) break;
      begin(line, ...next);
    }
    if (line.waiting.length === 0 && !line.ending) socket.resume();
  }

  return (incoming, outgoing) => {
    const { socket } = incoming;
    // Node goes on with what it has read of a connection that is over.
    const line = lines.get(socket) ?? { underWay: 0, waiting: [], ending: false };
    if (socket.destroyed || line.ending) return;
    lines.set(socket, line);
    if (line.underWay < UNDER_WAY && line.waiting.length === 0) begin(line, incoming, outgoing);
    else if (line.waiting.length < WAITING) {
      line.waiting.push([incoming, outgoing]);
      socket.pause();
    } else {
      // Requests under way are answered: a client that repeated them would have them done twice.
      line.waiting.length = 0;
      line.ending = true;
      socket.pause();
      if (line.underWay === 0) socket.destroySoon();
    }
  };
}
