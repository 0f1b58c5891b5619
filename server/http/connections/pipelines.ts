import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { noteBusy, noteIdle } from "./idle-times.ts";

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

/** Connections of a server by their requests. */
export interface Pipelines {
  readonly listener: RequestListener;
  /** Makes each connection end with the answers to its requests, those under way and the next. */
  leave(): void;
  /** Removes the connection that has been without a request for longest, and returns it. */
  takeIdle(): Socket | undefined;
}

/**
 * Handles only a few requests of one connection at once. Node passes on all requests of one read,
 * perhaps thousands, in one turn of the event loop. All other connections would wait for them.
 * While requests wait, the connection is paused, as far as Node allows. A connection with too many
 * waiting requests closes once those under way are answered.
 */
export function inPipelines(listener: RequestListener): Pipelines {
  const lines = new Map<Socket, Pipeline>();
  /** Connections whose requests are all answered, in the order of their last answers. */
  const idle = new Set<Socket>();
  let leaving = false;

  function begin(line: Pipeline, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    line.underWay.add(outgoing);
    outgoing.once("close", () => {
      line.underWay.delete(outgoing);
      if (line.underWay.size + line.waiting.length === 0) rest(line, socket);
      // Started in a later turn, so that answers written at once do not fill a single turn.
      if (line.waiting.length > 0) setImmediate(advance, line, socket);
    });
    listener(incoming, outgoing);
  }

  /** Keeps a connection whose requests are all answered, or ends it. */
  function rest({ ending }: Pipeline, socket: Socket): void {
    if (ending) socket.destroySoon();
    else if (!socket.destroyed) {
      idle.add(socket);
      noteIdle(socket);
    }
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

  function open(socket: Socket): Pipeline {
    const line = lineOf(socket);
    lines.set(socket, line);
    socket.once("close", () => {
      lines.delete(socket);
      idle.delete(socket);
    });
    return line;
  }

  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    // Node still delivers requests that it read before the connection ended.
    if (socket.destroyed) return;
    const line = lines.get(socket) ?? open(socket);
    if (line.ending) return;
    idle.delete(socket);
    noteBusy(socket);
    if (leaving) endWith(line, outgoing);
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
  }

  return {
    listener: handle,
    leave: () => {
      leaving = true;
      for (const line of lines.values()) {
        const last = line.waiting.at(-1)?.[1] ?? [...line.underWay].at(-1);
        if (last !== undefined) endWith(line, last);
      }
    },
    takeIdle: () => {
      const [longest] = idle;
      if (longest !== undefined) idle.delete(longest);
      return longest;
    },
  };
}

/**
 * Ends a connection with an answer, whose head says so if it is not sent yet. Later requests are
 * ignored, because a client may repeat what comes behind such an answer.
 */
function endWith(line: Pipeline, outgoing: ServerResponse): void {
  line.ending = true;
  outgoing.shouldKeepAlive = false;
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
