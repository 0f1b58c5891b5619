import { tunnelAddress } from "../src/protocol/tunnels.ts";
import { type Close, offer } from "./forwarder.ts";
import type { Place, Places } from "./places.ts";
import { readAnswer } from "./proxy-answer.ts";
import { splice, writeAll } from "./splice.ts";

/**
 * Offers each target behind its own loopback port. A client's bytes go to the target unread.
 * First the client gets the proxy's decision: one byte with the length of the refusal's code, then
 * the code. The length 0 means a connection.
 */
export function openTunnels(
  tunnels: ReadonlyMap<string, number>,
  socketPath: string,
  places: Places,
): Close {
  const all = [...tunnels].map(([target, port]) =>
    offer(tunnelAddress(port), socketPath, places, async (client, dial, place) =>
      tunnel(client, await dial(), place, target),
    ),
  );
  return () => {
    for (const close of all) close();
  };
}

async function tunnel(
  client: Deno.Conn,
  proxy: Deno.Conn,
  place: Place,
  target: string,
): Promise<void> {
  await writeAll(proxy, ascii(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
  const { code, rest } = await readAnswer(proxy);
  if (code !== undefined) {
    await writeAll(client, Uint8Array.of(code.length, ...ascii(code)));
    return;
  }
  await writeAll(client, Uint8Array.of(0, ...rest));
  await splice(client, proxy, place.moved);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
