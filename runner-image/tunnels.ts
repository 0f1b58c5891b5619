import { TUNNEL_START, tunnelAddress } from "../src/protocol/tunnels.ts";
import { type Close, offer } from "./forwarder.ts";
import type { Place, Places } from "./places.ts";
import { readAnswer } from "./proxy-answer.ts";
import { splice, writeAll } from "./splice.ts";

/**
 * Offers each target behind its own loopback port. A client's bytes behind the first one go to the
 * target unread. A client that wants to be told gets the proxy's decision first: one byte with the
 * length of the refusal's code, then the code. The length 0 means a connection.
 */
export function openTunnels(
  tunnels: ReadonlyMap<string, number>,
  socketPath: string,
  places: Places,
): Close {
  const all = [...tunnels].map(([target, port]) =>
    offer(tunnelAddress(port), socketPath, places, async (client, dial, place) =>
      tunnel(client, dial, place, target),
    ),
  );
  return () => {
    for (const close of all) close();
  };
}

async function tunnel(
  client: Deno.Conn,
  dial: () => Promise<Deno.Conn>,
  place: Place,
  target: string,
): Promise<void> {
  const start = new Uint8Array(1);
  if ((await client.read(start)) === null) return;
  const isTold = start[0] !== TUNNEL_START.silent;
  const proxy = await dial();
  await writeAll(proxy, ascii(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
  const { code, rest } = await readAnswer(proxy);
  if (code !== undefined) {
    if (isTold) await writeAll(client, Uint8Array.of(code.length, ...ascii(code)));
    return;
  }
  await writeAll(client, isTold ? Uint8Array.of(0, ...rest) : rest);
  await splice(client, proxy, place.moved);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
