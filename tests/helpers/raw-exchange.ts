import { connect } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** Head as it was sent, in lower case. */
  readonly head: string;
  /** Bytes behind the head, with their framing. */
  readonly rest: string;
}

/** Sends one request as it is written, and returns what comes back until the connection ends. */
export async function rawExchange(url: string, text: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding("latin1").write(text);
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  const end = answer.indexOf("\r\n\r\n");
  const head = answer.slice(0, end).toLowerCase();
  return { status: Number(head.split(" ")[1]), head, rest: answer.slice(end + 4) };
}
