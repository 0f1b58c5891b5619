import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Bytes that a client may send before its WebSocket is accepted. An honest one sends none. */
const MAX_EARLY = 65_536;
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Connection of a client that asks for a WebSocket. */
export interface Upgrade {
  /** Called when the server is about to stop. */
  onLeave?: () => void;
  /** Takes the connection from its HTTP response, with the bytes that have come early. */
  readonly take: () => { readonly socket: Socket; readonly head: Buffer };
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();
/** Connections of each server that have become WebSockets. */
const upgraded = new WeakMap<Server, Set<Upgrade>>();

/** Returns the upgrade that a request asks for. `undefined` for any other request. */
export function upgradeOf(incoming: IncomingMessage | undefined): Upgrade | undefined {
  return incoming && upgrades.get(incoming);
}

/** Tells all WebSockets of a server that it is about to stop. They have no end that it could wait for. */
export function leaveUpgraded(server: Server): void {
  for (const { onLeave } of upgraded.get(server) ?? []) onLeave?.();
}

/**
 * Passes requests for a WebSocket on as requests. Node gives up their connections. So each of them is
 * answered as the last request of its connection, unless the answer is a WebSocket.
 */
export function passUpgrades(server: Server): void {
  ignoreOthers(server);
  const open = new Set<Upgrade>();
  upgraded.set(server, open);
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const { _httpMessage: before } = socket as { _httpMessage?: ServerResponse | null };
    if (before) {
      // Sent before the answer to the request in front of it, which is the connection's last.
      before.once("close", () => socket.destroySoon());
      return;
    }
    // Node leaves a body among the bytes behind the head, where nothing finds its end.
    if (hasBody(incoming)) return void socket.end("HTTP/1.1 501 Not Implemented\r\n\r\n");
    const outgoing = new ServerResponse(incoming);
    outgoing.shouldKeepAlive = false;
    outgoing.assignSocket(socket);
    const early = [head];
    let bytes = head.length;
    const onData = (chunk: Buffer): void => {
      early.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_EARLY) socket.destroy();
    };
    const onDrain = (): void => void outgoing.emit("drain");
    const onEnd = (): void => void socket.destroy();
    const onFinish = (): void => socket.destroySoon();
    // Read, because only then a client that goes away is noticed.
    socket.on("data", onData).on("drain", onDrain).on("end", onEnd);
    outgoing.once("finish", onFinish);
    if (isWebSocket(incoming)) {
      const upgrade: Upgrade = {
        take: () => {
          open.add(upgrade);
          socket.once("close", () => open.delete(upgrade));
          socket.off("data", onData).off("drain", onDrain).off("end", onEnd);
          outgoing.off("finish", onFinish);
          outgoing.detachSocket(socket);
          // Others wait for it, and the response has no connection any more.
          socket.once("close", () => outgoing.emit("close"));
          return { socket, head: Buffer.concat(early) };
        },
      };
      upgrades.set(incoming, upgrade);
    }
    server.emit("request", incoming, outgoing);
  });
}

interface Parser {
  onIncoming?: (incoming: IncomingMessage, keepAlive: boolean) => unknown;
}

/**
 * Makes requests for another protocol, such as `h2c`, ordinary ones with their bodies. Clients that
 * know it ask for it with every request. With a listener, Node 20 would give up their connections.
 */
function ignoreOthers(server: Server): void {
  server.on("connection", (socket: Socket) => {
    const { parser } = socket as { parser?: Parser | null };
    const pass = parser?.onIncoming;
    if (!parser || pass === undefined) return;
    parser.onIncoming = (incoming, keepAlive) => {
      const { method, headers } = incoming;
      const isOther = method !== "CONNECT" && headers.upgrade?.toLowerCase() !== "websocket";
      if (isOther) Object.assign(incoming, { upgrade: false });
      return pass(incoming, keepAlive);
    };
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return "transfer-encoding" in headers || Number(headers["content-length"] ?? 0) > 0;
}

/** Tells whether the handshake is whole, so that code is called for no other. */
function isWebSocket({ method, headers }: IncomingMessage): boolean {
  const { upgrade, "sec-websocket-key": key = "", "sec-websocket-version": version } = headers;
  return (
    method === "GET" && upgrade?.toLowerCase() === "websocket" && version === "13" && KEY.test(key)
  );
}
