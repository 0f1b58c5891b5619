import { Socket } from "node:net";
import { DatabaseError, unreachable } from "./database-error.ts";

/** Bytes of a message that may be a server's last. */
const MAX_LAST_WORDS = 65_536;

/** What the driver knows of the way to a server. */
export interface SocketTarget {
  /** Of a unix socket; empty for TCP. */
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

/**
 * Dials. The driver starts anew, and again and again, when a connection ends before it was ready
 * and says nothing; and it forgets why a server hangs up. So the socket has it as an error, always,
 * before it closes.
 */
export function dial({ path, host, port }: SocketTarget): Socket {
  const socket = new Socket();
  let heard = false;
  let failed = false;
  let last: Buffer = Buffer.alloc(0);
  const fail = (error: Error): void => {
    failed = true;
    socket.emit("error", error);
  };
  socket.on("data", (chunk) => {
    heard = true;
    last = chunk;
  });
  socket.on("error", () => {
    failed = true;
  });
  socket.once("close", () => {
    if (failed) return;
    const words = lastWords(last);
    if (words !== undefined) fail(words);
    else if (!heard) fail(unreachable());
  });
  try {
    if (path) socket.connect(path);
    else socket.connect(port[0] ?? 5432, host[0] ?? "localhost");
    // Whom TLS expects there.
    Object.assign(socket, { host: host[0], port: port[0] });
  } catch {
    // The driver has yet to listen.
    queueMicrotask(() => socket.destroy(unreachable()));
  }
  return socket;
}

/** The error that ends a chunk, if one does: a server says why it hangs up, and does. */
function lastWords(chunk: Buffer): DatabaseError | undefined {
  let start = 0;
  while (start + 5 <= chunk.length && chunk.length - start < MAX_LAST_WORDS) {
    const end = start + 1 + chunk.readUInt32BE(start + 1);
    if (end === chunk.length && chunk[start] === 0x45) return parseError(chunk.subarray(start + 5));
    start = end;
  }
  return undefined;
}

/** An ErrorResponse's fields: a letter and a text each, ended by a NUL. */
function parseError(body: Buffer): DatabaseError {
  const fields = body.toString("utf8").split("\0");
  const field = (letter: string): string | undefined =>
    fields.find((text) => text.startsWith(letter))?.slice(1);
  return new DatabaseError(field("M") ?? "The server hung up", field("C"));
}
