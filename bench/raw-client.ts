import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { deadline } from "../src/base/deadline.ts";

/** Longest wait for an answer, so that a lost one does not block the bench. */
const ANSWER_WITHIN = 90_000;
const HEAD_END = "\r\n\r\n";

export interface RawAnswer {
  readonly status: number;
  readonly body: { readonly ok?: boolean; readonly result?: unknown };
  /** Milliseconds from writing the request until the last byte of the answer. */
  readonly ms: number;
}

/** Milliseconds after which a server may be closing a connection that nobody uses. */
const STALE = 2_500;

/**
 * Speaks HTTP/1.1 on a kept connection, one request at a time. It does as little work as
 * possible, because it runs on the same processors as what it measures.
 */
export class RawClient {
  readonly #origin: string;
  readonly #signal: AbortSignal;
  readonly #headers: string;
  #connection: Connection;
  #used = performance.now();

  private constructor(
    origin: string,
    signal: AbortSignal,
    key: string | undefined,
    connection: Connection,
  ) {
    this.#origin = origin;
    this.#signal = signal;
    const host = `host: ${new URL(origin).host}\r\n`;
    this.#headers = key === undefined ? host : `${host}authorization: Bearer ${key}\r\n`;
    this.#connection = connection;
  }

  /** Connects. Aborting `signal` drops the connection, which ends what it runs. */
  static async open(origin: string, signal: AbortSignal, key?: string): Promise<RawClient> {
    return new RawClient(origin, signal, key, await Connection.open(origin, signal));
  }

  get(path: string): Promise<RawAnswer> {
    return this.#exchange(`GET ${path} HTTP/1.1\r\n${this.#headers}\r\n`);
  }

  post(path: string, body: unknown): Promise<RawAnswer> {
    const text = JSON.stringify(body);
    const length = `content-length: ${Buffer.byteLength(text)}\r\n`;
    return this.#exchange(
      `POST ${path} HTTP/1.1\r\n${this.#headers}content-type: application/json\r\n${length}\r\n${text}`,
    );
  }

  close(): void {
    this.#connection.close();
  }

  async #exchange(request: string): Promise<RawAnswer> {
    if (performance.now() - this.#used > STALE) {
      this.#connection.close();
      this.#connection = await Connection.open(this.#origin, this.#signal);
    }
    const started = performance.now();
    const answered = this.#connection.exchange(request);
    const what = `An answer to ${request.split(" HTTP", 1)[0]} at ${this.#origin}`;
    const { status, text } = await deadline(answered, ANSWER_WITHIN, what);
    this.#used = performance.now();
    return { status, body: JSON.parse(text || "{}"), ms: this.#used - started };
  }
}

class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#received = this.#received.length ? Buffer.concat([this.#received, chunk]) : chunk;
      this.#wake();
    });
    const fail = (error = new Error("The server closed the connection")): void => {
      this.#failure ??= error;
      this.#wake();
    };
    socket.on("error", fail).on("close", () => fail());
  }

  static async open(origin: string, signal: AbortSignal): Promise<Connection> {
    const { hostname, port } = new URL(origin);
    const socket = connect({ host: hostname, port: Number(port), signal });
    await once(socket, "connect");
    return new Connection(socket);
  }

  async exchange(request: string): Promise<{ status: number; text: string }> {
    this.#socket.write(request);
    for (;;) {
      const answer = parse(this.#received);
      if (answer !== undefined) {
        this.#received = this.#received.subarray(answer.end);
        return answer;
      }
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Returns the answer that bytes hold, and its end, or nothing if bytes are missing. */
function parse(bytes: Buffer): { status: number; text: string; end: number } | undefined {
  const head = bytes.indexOf(HEAD_END);
  if (head === -1) return undefined;
  const lines = bytes.subarray(0, head).toString("latin1");
  const status = Number(lines.slice(9, 12));
  const start = head + HEAD_END.length;
  const length = /^content-length: *(\d+)/im.exec(lines)?.[1];
  if (length === undefined) return chunked(bytes, start, status);
  const end = start + Number(length);
  if (bytes.length < end) return undefined;
  return { status, text: bytes.subarray(start, end).toString(), end };
}

function chunked(bytes: Buffer, start: number, status: number) {
  let text = "";
  for (let at = start; ; ) {
    const line = bytes.indexOf("\r\n", at);
    if (line === -1) return undefined;
    const size = Number.parseInt(bytes.subarray(at, line).toString(), 16);
    const end = line + 2 + size + 2;
    if (!(size >= 0) || bytes.length < end) return undefined;
    if (size === 0) return { status, text, end };
    text += bytes.subarray(line + 2, end - 2).toString();
    at = end;
  }
}
