/**
 * Answers a request by a handler of `node:http`, with Node's own objects and no connection. All of it
 * runs as user code does: what comes out is a `Response`, and is checked like any other.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { HttpJob } from "../src/protocol/http.ts";
import { web } from "./web.ts";

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

const END_OF_HEAD = "\r\n\r\n";
/** Statuses of responses without a body. */
const BODILESS = [204, 205, 304];

/** Calls the handler. Resolves with its response once that has a head. */
export function answerByNode(
  handle: NodeHandler,
  job: HttpJob,
  body: Uint8Array | undefined,
): Promise<Response> {
  const { getBuiltinModule } = web();
  const http = getBuiltinModule("node:http");
  const stream = getBuiltinModule("node:stream");
  return new Promise((resolve, reject) => {
    const output = new Output(job.method, resolve);
    const fail = (thrown: unknown): void => {
      reject(thrown);
      output.fail(thrown);
    };
    const socket: Duplex = new stream.Duplex({
      read() {},
      write: (bytes: Uint8Array, _encoding, done) => output.write(bytes, done),
      destroy: (error, done) => {
        fail(error ?? new Error("The handler closed its connection"));
        done(null);
      },
    });
    const request = requestOf(new http.IncomingMessage(socket as never), job, body);
    const response = new http.ServerResponse(request);
    prepare(response);
    request.httpVersion = "1.1";
    response.assignSocket(socket as never);
    // Node's own servers do this for each connection.
    socket.on("drain", () => response.emit("drain"));
    response.once("finish", () => output.end());
    try {
      const done = handle(request, response) as { then?: unknown } | null | undefined;
      if (typeof done?.then === "function") done.then(undefined, fail);
    } catch (thrown) {
      fail(thrown);
    }
  });
}

/** Fills in what Node's parser would. The version keeps the response from being in chunks. */
function requestOf(
  request: IncomingMessage,
  { method, url, headers }: HttpJob,
  body: Uint8Array | undefined,
): IncomingMessage {
  const { origin } = new URL(url);
  const named: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = named[key];
    named[key] =
      before === undefined ? value : `${before}${key === "cookie" ? "; " : ", "}${value}`;
  }
  const rawHeaders = headers.flat();
  Object.assign(request, { method, url: url.slice(origin.length), rawHeaders });
  Object.assign(request, { httpVersion: "1.0", httpVersionMajor: 1, httpVersionMinor: 0 });
  Object.defineProperty(request, "headers", { value: named, writable: true, configurable: true });
  if (body !== undefined) request.push(body);
  request.push(null);
  request.complete = true;
  return request;
}

/** Keeps the connection's own headers, and the framing in chunks, out of a response. */
function prepare(response: ServerResponse): void {
  response.sendDate = false;
  response.shouldKeepAlive = false;
  Object.defineProperty(response, "chunkedEncoding", { get: () => false, set: () => {} });
}

/** Turns what a `ServerResponse` writes into a `Response`. */
class Output {
  readonly #method: string;
  readonly #resolve: (response: Response) => void;
  readonly #body: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** Text so far of the head; `undefined` once it is complete. */
  #head: string | undefined = "";
  #room: (() => void) | undefined;
  #isOver = false;

  constructor(method: string, resolve: (response: Response) => void) {
    this.#method = method;
    this.#resolve = resolve;
    const makeRoom = (): void => {
      const room = this.#room;
      this.#room = undefined;
      room?.();
    };
    this.#body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: makeRoom,
      cancel: () => {
        this.#isOver = true;
        makeRoom();
      },
    });
  }

  /** Takes bytes of the response, and calls `done` once there is room for more. */
  write(bytes: Uint8Array, done: () => void): void {
    const rest = this.#head === undefined ? bytes : this.#takeHead(this.#head, bytes);
    const isKept = !this.#isOver && rest.length > 0;
    if (isKept) this.#controller.enqueue(new Uint8Array(rest));
    if (!isKept || (this.#controller.desiredSize ?? 0) > 0) done();
    else this.#room = done;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.close();
  }

  fail(thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(thrown);
  }

  /** Takes the part of the bytes that belongs to the head, and returns the others. */
  #takeHead(before: string, bytes: Uint8Array): Uint8Array {
    let text = before;
    let at = 0;
    while (at < bytes.length) {
      text += String.fromCharCode(bytes[at] as number);
      at += 1;
      if (!text.endsWith(END_OF_HEAD)) continue;
      // Heads of 100 to 199 come before the response's own.
      if (!/^HTTP\/1\.1 1/.test(text)) break;
      text = "";
    }
    this.#head = text;
    if (text.endsWith(END_OF_HEAD)) this.#onHead(text.slice(0, -END_OF_HEAD.length));
    return bytes.subarray(at);
  }

  #onHead(text: string): void {
    this.#head = undefined;
    const { NativeResponse } = web();
    const [first = "", ...lines] = text.split("\r\n");
    const status = Number(first.split(" ")[1]);
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const hasBody = !BODILESS.includes(status) && this.#method !== "HEAD";
    const kept = headers.filter(([name]) => !/^(connection|transfer-encoding)$/i.test(name));
    this.#resolve(new NativeResponse(hasBody ? this.#body : null, { status, headers: kept }));
  }
}
