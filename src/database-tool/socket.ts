import { Socket } from "node:net";
import { DatabaseError, unreachable } from "./database-error.ts";

/** Most bytes of a message that is read as the server's last. */
const MAX_LAST_WORDS = 65_536;

/** Address that the driver passes on. */
export interface SocketTarget {
  /** Path of a unix socket. Empty for TCP. */
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

/**
 * Connects. The socket always emits an error before it closes. Without one, the driver reconnects
 * endlessly after a silent end. It also forgets the reason that a server gives.
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
    // TLS expects this name.
    Object.assign(socket, { host: host[0], port: port[0] });
  } catch {
    // The driver listens for errors only after this call.
    queueMicrotask(() => socket.destroy(unreachable()));
  }
  return socket;
}

/**
 * Returns the error at the end of a chunk, if there is one. A server sends its reason, then closes.
 */
function lastWords(chunk: Buffer): DatabaseError | undefined {
  let start = 0;
  while (start + 5 <= chunk.length && chunk.length - start < MAX_LAST_WORDS) {
    const end = start + 1 + chunk.readUInt32BE(start + 1);
    if (end === chunk.length && chunk[start] === 0x45) return parseError(chunk.subarray(start + 5));
    start = end;
  }
  return undefined;
}

/** Reads the fields of an ErrorResponse: each is a letter and a text, ended by a NUL. */
function parseError(body: Buffer): DatabaseError {
  const fields = body.toString("utf8").split("\0");
  const field = (letter: string): string | undefined =>
    fields.find((text) => text.startsWith(letter))?.slice(1);
  return new DatabaseError(field("M") ?? "The server hung up", field("C"));
}
