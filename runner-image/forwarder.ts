import { FORWARDER } from "../src/protocol/forwarder.ts";
import { splice } from "./splice.ts";

/** Pause after a client could not be accepted because too many connections are open. */
const PAUSE_MS = 10;

/**
 * Offers the egress proxy on loopback, where the runtime's `fetch` looks for it. Each client is
 * connected to the proxy's unix socket. It is the only way out. The proxy decides everything; it
 * identifies the sandbox by the socket.
 */
export function openForwarder(socketPath: string): void {
  offer(FORWARDER, socketPath, splice);
}

/** Listens on loopback. For each client it connects to the proxy and calls `serve` with both. */
export function offer(
  address: { hostname: string; port: number },
  socketPath: string,
  serve: (client: Deno.Conn, proxy: Deno.Conn) => Promise<void>,
): void {
  const listener = Deno.listen(address);
  void (async () => {
    for (;;) {
      const client = await listener.accept().catch(() => undefined);
      if (client !== undefined) void attend(client, socketPath, serve);
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
}

async function attend(
  client: Deno.Conn,
  socketPath: string,
  serve: (client: Deno.Conn, proxy: Deno.Conn) => Promise<void>,
): Promise<void> {
  let proxy: Deno.Conn | undefined;
  try {
    proxy = await Deno.connect({ transport: "unix", path: socketPath });
    await serve(client, proxy);
  } catch {
    // One side has closed its connection; closing the other one passes that on.
  } finally {
    client.close();
    proxy?.close();
  }
}
