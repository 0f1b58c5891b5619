import { chunkCost, HTTP_LIMITS, type HttpJob, UPGRADED } from "../src/protocol/http.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";
import type { SocketMessage } from "../src/protocol/socket.ts";
import { Background } from "./background.ts";
import { RunnerFault } from "./base/faults.ts";
import {
  bufferOfArray,
  least,
  NativeBytes,
  NativePromise,
  offsetOfArray,
  setBytes,
  sizeOfArray,
  typedArrayName,
} from "./base/primordials.ts";
import { handlerOf } from "./http-entry.ts";
import type { Module } from "./modules/virtual.ts";
import { beginning } from "./response-body.ts";
import { readHead, responseError, withLength } from "./response-head.ts";
import { Offer, offerSocket, prepareSockets } from "./sockets/upgrade.ts";
import { web } from "./web.ts";

/** Calls an entry with its request, and sends its response as fast as the reader takes it. */
export class Exchange {
  readonly #job: HttpJob;
  readonly #send: (message: WorkerMessage) => void;
  readonly #web = web();
  readonly #background = new Background();
  /** The client's wish for a WebSocket, if it has one. */
  readonly #offer: Offer | undefined;
  #credit: number = HTTP_LIMITS.window;
  #bytes = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(job: HttpJob, send: (message: WorkerMessage) => void) {
    this.#job = job;
    this.#send = send;
    prepareSockets();
    if (job.isUpgrade) {
      this.#offer = new Offer({
        message: (bytes, text) => this.#sendMessage(bytes, text),
        tell: (part) => send({ type: "socket", ...part }),
      });
    }
  }

  /** Calls the entry of a module, in the form it has. */
  call(module: Module, entry: string, body: Uint8Array | undefined): unknown {
    const handle = handlerOf(module, entry, this.#job.method);
    const asked = { job: this.#job, body, request: () => this.#request(body) };
    return handle(asked, this.#background.context);
  }

  /**
   * Sends the whole response, and waits for the work that the entry has announced.
   *
   * @throws {RunnerFault} If the value is no `Response`, or if it is too large.
   */
  async respond(value: unknown, entry: string): Promise<void> {
    await this.#sendResponse(value, entry);
    if (!this.#background.isPending) return;
    // Empty: nothing follows, and the client need not wait.
    if (!this.#offer?.isTaken) await this.#sendPiece(new NativeBytes(0));
    this.#send({ type: "lingering" });
    await this.#background.ended();
  }

  /** Waits no longer for announced work. */
  finish(): void {
    this.#background.finish();
  }

  /** Adds credit: so many more bytes may be sent. */
  allow(bytes: number): void {
    this.#credit += bytes;
    this.#wake?.();
  }

  /** Takes an event of the client's WebSocket. */
  hear(event: SocketMessage): void {
    this.#offer?.hear(event);
  }

  /** Stops sending, because the run has ended. */
  close(): void {
    this.#isOver = true;
    this.#background.finish();
    this.#offer?.close();
    this.#wake?.();
  }

  #request(body: Uint8Array | undefined): Request {
    const { method, url, headers } = this.#job;
    const { NativeRequest } = this.#web;
    const init = { method, headers: headers as [string, string][] };
    const whole = body === undefined ? init : { ...init, body: body as BodyInit };
    const request = new NativeRequest(url, whole);
    if (this.#offer) offerSocket(request, this.#offer);
    return request;
  }

  async #sendResponse(value: unknown, entry: string): Promise<void> {
    const { bodyOf, getReader } = this.#web;
    const { method } = this.#job;
    const head = readHead(value, entry, { method, isUpgraded: this.#offer?.isTaken === true });
    if (head.status === UPGRADED) {
      this.#send({ type: "head", ...head });
      await this.#offer?.ended;
      return;
    }
    const body = bodyOf(value);
    const sendHead = (length?: number): void => {
      if (!this.#isOver) this.#send({ type: "head", ...withLength(head, length) });
    };
    if (body === null) {
      sendHead(method === "HEAD" ? undefined : 0);
      return;
    }
    const reader = getReader(body);
    try {
      await this.#pump(reader, sendHead);
    } catch (thrown) {
      void quietly(this.#web.cancel(reader));
      throw thrown;
    }
  }

  /**
   * Sends head and body. The head has the length of a body that is there at once, as `Deno.serve()`
   * tells it. The head of any other body waits for one turn of the event loop alone.
   */
  async #pump(
    reader: ReadableStreamDefaultReader<unknown>,
    sendHead: (length?: number) => void,
  ): Promise<void> {
    const { cancel } = this.#web;
    const start = beginning(() => this.#read(reader));
    const { length } = await start.early;
    sendHead(length);
    if (this.#job.method !== "HEAD") {
      for (let bytes = await start.next(); bytes !== undefined; bytes = await start.next()) {
        if (this.#isOver) break;
        await this.#write(bytes);
        if (this.#isOver) break;
      }
      if (!this.#isOver) return;
    }
    void quietly(cancel(reader));
  }

  /** Reads the next bytes of a body. `undefined` is its end. */
  async #read(reader: ReadableStreamDefaultReader<unknown>): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#web.read(reader);
    if (done) return undefined;
    if (typedArrayName(value) !== "Uint8Array") {
      throw responseError("The body of the response holds something that is no Uint8Array");
    }
    return value as Uint8Array;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const size = sizeOfArray(bytes);
    this.#count(size);
    for (let at = 0; at < size; at += HTTP_LIMITS.chunkBytes) {
      const length = least(size - at, HTTP_LIMITS.chunkBytes);
      await this.#sendPiece(this.#pieceOf(bytes, at, length));
    }
  }

  /** Sends a message of the WebSocket in parts, the last of which may be empty. */
  async #sendMessage(bytes: Uint8Array, text: boolean): Promise<void> {
    const size = sizeOfArray(bytes);
    this.#count(size);
    let at = 0;
    do {
      const length = least(size - at, HTTP_LIMITS.chunkBytes);
      await this.#paid(chunkCost(length));
      if (this.#isOver) return;
      const piece = this.#pieceOf(bytes, at, length);
      at += length;
      this.#send({ type: "socket", op: "piece", bytes: piece, text, last: at >= size });
    } while (at < size);
  }

  async #sendPiece(bytes: Uint8Array): Promise<void> {
    await this.#paid(chunkCost(sizeOfArray(bytes)));
    if (!this.#isOver) this.#send({ type: "chunk", bytes });
  }

  /** Copies a part: the message transfers its buffer, and this buffer belongs to user code. */
  #pieceOf(bytes: Uint8Array, at: number, length: number): Uint8Array {
    const piece = new NativeBytes(length);
    setBytes(piece, new NativeBytes(bufferOfArray(bytes), offsetOfArray(bytes) + at, length), 0);
    return piece;
  }

  /** Takes `cost` from the credit, once there is so much. */
  async #paid(cost: number): Promise<void> {
    while (this.#credit < cost && !this.#isOver) await this.#more();
    this.#credit -= cost;
  }

  #count(size: number): void {
    const { maxBytes } = this.#job;
    this.#bytes += size;
    if (this.#bytes > maxBytes) {
      throw new RunnerFault("OutputLimitError", `The response exceeds ${maxBytes} bytes`);
    }
  }

  #more(): Promise<void> {
    return new NativePromise((resolve) => {
      this.#wake = resolve;
    });
  }
}

async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch {
    // The stream's source may fail to cancel; nothing depends on it.
  }
}
