/** Most bytes of the proxy's answer to a CONNECT: its head and the refusal after it. */
const MAX_ANSWER = 8_192;
const HEAD_END = "\r\n\r\n";

/** The first bytes of the proxy's answer to a CONNECT. */
export interface ProxyAnswer {
  /** All bytes read so far. */
  readonly bytes: Uint8Array;
  /** The target's first bytes, behind the head. */
  readonly rest: Uint8Array;
  /** Code of the refusal; absent if the target is connected. */
  readonly code?: string;
  /** The system's reason for that, if the proxy tells it. */
  readonly reason?: string | undefined;
}

/** Reads until the end of the head of the proxy's answer. */
export async function readAnswer(proxy: Deno.Conn): Promise<ProxyAnswer> {
  const answer = new Uint8Array(MAX_ANSWER);
  for (let filled = 0; ; ) {
    const count = await proxy.read(answer.subarray(filled));
    if (!count) throw new Error("The proxy has ended without an answer");
    filled += count;
    const text = String.fromCharCode(...answer.subarray(0, filled));
    const end = text.indexOf(HEAD_END);
    if (end < 0) continue;
    const bytes = answer.subarray(0, filled);
    const rest = answer.subarray(end + HEAD_END.length, filled);
    if (text.startsWith("HTTP/1.1 200 ")) return { bytes, rest };
    const head = text.slice(0, end);
    const field = (name: string) => new RegExp(`^${name}: (\\w{1,99})\\r?$`, "m").exec(head)?.[1];
    const code = field("X-Isolate-Denied") ?? "UPSTREAM_FAILED";
    return { bytes, rest, code, reason: field("X-Isolate-Reason") };
  }
}
