import { tunnelAddress } from "../src/protocol/tunnels.ts";
import { offer } from "./forwarder.ts";
import { splice, writeAll } from "./splice.ts";

/** Bytes of the proxy's answer to a CONNECT: its head, and its refusal behind that. */
const MAX_ANSWER = 8_192;
const HEAD_END = "\r\n\r\n";

/**
 * Offers each target behind a loopback port of its own, and nothing else there: what a client says
 * goes to the target and is no request. First it is told how the proxy has decided, as the length of
 * the refusal's code in one byte, and the code; 0 is a connection.
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

/** The head of the proxy's answer, and the target's bytes that came with it. */
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
