import { FORWARDER } from "../src/protocol/forwarder.ts";

/**
 * Offers the egress proxy behind a unix socket on loopback, where the runtime's `fetch` looks for
 * it. There is no other way out, and nothing is decided here: the proxy knows whose socket it is.
 */
export function openForwarder(socketPath: string): void {
  const listener = Deno.listen(FORWARDER);
  void accept(listener, socketPath);
}

async function accept(listener: Deno.TcpListener, socketPath: string): Promise<void> {
  for await (const client of listener) void forward(client, socketPath);
}

async function forward(client: Deno.TcpConn, socketPath: string): Promise<void> {
  try {
    const proxy = await Deno.connect({ transport: "unix", path: socketPath });
    await Promise.allSettled([
      client.readable.pipeTo(proxy.writable),
      proxy.readable.pipeTo(client.writable),
    ]);
  } catch {
    // The proxy is gone; the client is told by the end of its connection.
    client.close();
  }
}
