import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Cleanup, listenLocally } from "./egress.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 0x81;
const CLOSE = 0x88;

/**
 * Starts a WebSocket server on loopback that returns each short text in capitals. Returns its port.
 */
export async function startWebSocket(cleanup: Cleanup): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(426).end());
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    sockets.add(socket.on("error", () => {}));
    const key = `${request.headers["sec-websocket-key"]}${GUID}`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on("data", (frame: Buffer) => answer(socket, frame));
  });
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listenLocally(server);
}

/** Reads one frame per chunk: the client waits for each answer. */
function answer(socket: Socket, frame: Buffer): void {
  const [head = 0, length = 0] = frame;
  if (head === CLOSE) {
    socket.end(Buffer.of(CLOSE, 0));
    return;
  }
  const mask = frame.subarray(2, 6);
  const text = frame.subarray(6, 6 + (length & 0x7f)).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  const reply = Buffer.from(Buffer.from(text).toString().toUpperCase());
  socket.write(Buffer.concat([Buffer.of(TEXT, reply.length), reply]));
}
