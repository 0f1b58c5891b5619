import { tunnelAddress } from "../src/protocol/tunnels.ts";
import { offer } from "./forwarder.ts";
import { splice, writeAll } from "./splice.ts";

/** Most bytes of the proxy's answer to a CONNECT: its head and the refusal after it. */
const MAX_ANSWER = 8_192;
const HEAD_END = "\r\n\r\n";

/**
 * Offers each target behind its own loopback port. A client's bytes go to the target unread.
 * First the client gets the proxy's decision: one byte with the length of the refusal's code, then
 * the code. The length 0 means a connection.
 */
export function openTunnels(tunnels: ReadonlyMap<string, number>, socketPath: string): void {
  for (const [target, port] of tunnels) {
    offer(tunnelAddress(port), socketPath, (client, proxy) => tunnel(client, proxy, target));
  }
}

async function tunnel(client: Deno.Conn, proxy: Deno.Conn, target: string): Promise<void> {
  await writeAll(proxy, ascii(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
  const { head, rest } = await readAnswer(proxy);
  if (!head.startsWith("HTTP/1.1 200 ")) {
    const code = /^X-Isolate-Denied: (\w{1,99})$/m.exec(head)?.[1] ?? "UPSTREAM_FAILED";
    await writeAll(client, Uint8Array.of(code.length, ...ascii(code)));
    return;
  }
  await writeAll(client, Uint8Array.of(0, ...rest));
  await splice(client, proxy);
}

/** Reads the head of the proxy's answer, and the target's first bytes after it. */
async function readAnswer(proxy: Deno.Conn): Promise<{ head: string; rest: Uint8Array }> {
  const answer = new Uint8Array(MAX_ANSWER);
  for (let filled = 0; ; ) {
    const count = await proxy.read(answer.subarray(filled));
    if (!count) throw new Error("The proxy has ended without an answer");
    filled += count;
    const text = String.fromCharCode(...answer.subarray(0, filled));
    const end = text.indexOf(HEAD_END);
    if (end < 0) continue;
    const head = text.slice(0, end).replaceAll("\r", "");
    return { head, rest: answer.subarray(end + HEAD_END.length, filled) };
  }
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
