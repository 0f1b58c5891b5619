import { FORWARDER, type RefusedMessage } from "../src/protocol/forwarder.ts";
import type { Place, Places } from "./places.ts";
import { readAnswer } from "./proxy-answer.ts";
import { CHUNK, pump, writeAll } from "./splice.ts";

/** Pause after a client could not be accepted because too many connections are open. */
const PAUSE_MS = 10;

/** Time in which an end that has arrived already is read. */
const AT_ONCE_MS = 2;

const CONNECT = /^CONNECT (\S{1,300}) HTTP/;

/** Connects to the proxy. It is called once. */
type Dial = () => Promise<Deno.Conn>;
/** Closes what a function has opened. */
export type Close = () => void;
type Read = () => Promise<Uint8Array | null>;
type Serve = (client: Deno.Conn, dial: Dial, place: Place) => Promise<void>;

/**
 * Offers the egress proxy on loopback, where the runtime's `fetch` looks for it. Each client is
 * connected to the proxy's unix socket. It is the only way out. The proxy decides everything; it
 * identifies the sandbox by the socket. `onRefused` receives the refusals of tunnels, which the
 * runtime does not tell its code.
 */
export function openForwarder(
  socketPath: string,
  places: Places,
  onRefused: (refused: RefusedMessage) => void,
): Close {
  return offer(FORWARDER, socketPath, places, (client, dial, place) =>
    forward(client, dial, place, onRefused),
  );
}

/**
 * Listens on loopback. Calls `serve` for each client that has a place. The returned function closes
 * the listener and all its connections.
 */
export function offer(
  address: { hostname: string; port: number },
  socketPath: string,
  places: Places,
  serve: Serve,
): Close {
  const listener = Deno.listen(address);
  const open = new Set<Deno.Conn>();
  let closed = false;
  const dial = async (): Promise<Deno.Conn> => {
    if (closed) throw new Error("The execution is over");
    const proxy = await Deno.connect({ transport: "unix", path: socketPath });
    open.add(proxy);
    if (closed) close(proxy);
    return proxy;
  };
  void (async () => {
    while (!closed) {
      const client = await listener.accept().catch(() => undefined);
      const place = client && (await places.take());
      // The path leads to the proxy of the next execution by now.
      if (client && closed) close(client);
      else if (client && place) void attend(client, open, place, dial, serve);
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
  return () => {
    closed = true;
    listener.close();
    for (const conn of open) close(conn);
  };
}

function close(conn: Deno.Conn | undefined): void {
  try {
    conn?.close();
  } catch {
    // It is closed already.
  }
}

async function attend(
  client: Deno.Conn,
  open: Set<Deno.Conn>,
  place: Place,
  connect: Dial,
  serve: Serve,
): Promise<void> {
  let proxy: Deno.Conn | undefined;
  const dial = async (): Promise<Deno.Conn> => {
    proxy = await connect();
    return proxy;
  };
  open.add(client);
  try {
    await serve(client, dial, place);
  } catch {
    // One side has closed its connection; closing the other one passes that on.
  } finally {
    for (const conn of [client, proxy]) {
      close(conn);
      if (conn !== undefined) open.delete(conn);
    }
    place.free();
  }
}

/** Connects to the proxy once the client asks for something: a client may connect ahead. */
async function forward(
  client: Deno.Conn,
  dial: Dial,
  place: Place,
  onRefused: (refused: RefusedMessage) => void,
): Promise<void> {
  const read = readerOf(client);
  const first = await read();
  if (first === null) return;
  const next = read();
  // Awaited later: a client that breaks its connection off meanwhile is no fault of the host's.
  next.catch(() => {});
  if (place.waited && (await hasEnded(next))) return;
  const proxy = await dial();
  await Promise.all([
    send(proxy, place, { first, next, read }),
    answer(client, proxy, place, { target: targetOf(first), onRefused }),
  ]);
}

/** Makes a function that reads a chunk, in a buffer of its own; null at the end. */
function readerOf(client: Deno.Conn): Read {
  const buffer = new Uint8Array(CHUNK);
  return async () => {
    const count = await client.read(buffer);
    return count === null ? null : buffer.slice(0, count);
  };
}

/** Tells whether the client has gone while it waited, so that nothing is asked for in its name. */
async function hasEnded(next: Promise<Uint8Array | null>): Promise<boolean> {
  const ended = next.then(
    (chunk) => chunk === null,
    () => true,
  );
  const goesOn = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), AT_ONCE_MS));
  return await Promise.race([ended, goesOn]);
}

interface Request {
  readonly first: Uint8Array;
  readonly next: Promise<Uint8Array | null>;
  readonly read: Read;
}

/** Passes on the client's bytes, of which the first ones are read already, and then their end. */
async function send(
  proxy: Deno.Conn,
  { moved }: Place,
  { first, next, read }: Request,
): Promise<void> {
  await writeAll(proxy, first);
  for (let chunk = await next; chunk !== null; chunk = await read()) {
    moved();
    await writeAll(proxy, chunk);
  }
  await proxy.closeWrite();
}

interface Asked {
  /** Target of the tunnel that the client asks for, if it asks for one. */
  readonly target: string | undefined;
  readonly onRefused: (refused: RefusedMessage) => void;
}

/** Passes on the proxy's answer. Reports a refused tunnel before its client learns of it. */
async function answer(
  client: Deno.Conn,
  proxy: Deno.Conn,
  { moved }: Place,
  { target, onRefused }: Asked,
): Promise<void> {
  if (target !== undefined) {
    const { bytes, code, reason } = await readAnswer(proxy);
    if (code !== undefined) onRefused({ type: "refused", target, code, reason });
    await writeAll(client, bytes);
  }
  await pump(proxy, client, moved);
}

function targetOf(request: Uint8Array): string | undefined {
  return CONNECT.exec(String.fromCharCode(...request.subarray(0, 400)))?.[1];
}
