import { FORWARDER } from "../src/protocol/forwarder.ts";
import { splice } from "./splice.ts";

/** How long no client is accepted after one could not be: there were too many. */
const PAUSE_MS = 10;

/**
 * Offers the egress proxy behind a unix socket on loopback, where the runtime's `fetch` looks for
 * it. There is no other way out, and nothing is decided here: the proxy knows whose socket it is.
 */
export function openForwarder(socketPath: string): void {
  offer(FORWARDER, socketPath, splice);
}

/** Listens on loopback, and has `serve` see to each client and a connection to the proxy of its own. */
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
    // Whichever side has broken off, the other is told by the end of its connection.
  } finally {
    client.close();
    proxy?.close();
  }
}
