import { chunkCost, HTTP_LIMITS, type HttpJob } from "../src/protocol/http.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";
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
import type { Module } from "./load.ts";
import { readHead, responseError } from "./response-head.ts";
import { web } from "./web.ts";

/** Calls an entry with its request, and sends its response as fast as the reader takes it. */
export class Exchange {
  readonly #job: HttpJob;
  readonly #send: (message: WorkerMessage) => void;
  readonly #web = web();
  readonly #background = new Background();
  #credit: number = HTTP_LIMITS.window;
  #bytes = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(job: HttpJob, send: (message: WorkerMessage) => void) {
    this.#job = job;
    this.#send = send;
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
    await this.#sendPiece(new NativeBytes(0));
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

  /** Stops sending, because the run has ended. */
  close(): void {
    this.#isOver = true;
    this.#background.finish();
    this.#wake?.();
  }

  #request(body: Uint8Array | undefined): Request {
    const { method, url, headers } = this.#job;
    const { NativeRequest } = this.#web;
    const init = { method, headers: headers as [string, string][] };
    return new NativeRequest(url, body === undefined ? init : { ...init, body: body as BodyInit });
  }

  async #sendResponse(value: unknown, entry: string): Promise<void> {
    const { bodyOf, cancelStream, getReader } = this.#web;
    const { method } = this.#job;
    this.#send({ type: "head", ...readHead(value, entry, method) });
    const body = bodyOf(value);
    if (body === null) return;
    if (method === "HEAD") {
      await quietly(cancelStream(body));
      return;
    }
    const reader = getReader(body);
    try {
      await this.#pump(reader);
    } catch (thrown) {
      void quietly(this.#web.cancel(reader));
      throw thrown;
    }
  }

  async #pump(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
    const { cancel, read } = this.#web;
    while (!this.#isOver) {
      const { done, value } = await read(reader);
      if (done) return;
      if (typedArrayName(value) !== "Uint8Array") {
        throw responseError("The body of the response holds something that is no Uint8Array");
      }
      await this.#write(value as Uint8Array);
    }
    void quietly(cancel(reader));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { maxBytes } = this.#job;
    const size = sizeOfArray(bytes);
    this.#bytes += size;
    if (this.#bytes > maxBytes) {
      throw new RunnerFault("OutputLimitError", `The response exceeds ${maxBytes} bytes`);
    }
    for (let at = 0; at < size; at += HTTP_LIMITS.chunkBytes) {
      const length = least(size - at, HTTP_LIMITS.chunkBytes);
      // A copy: the message transfers its buffer, and this buffer belongs to user code.
      const piece = new NativeBytes(length);
      setBytes(piece, new NativeBytes(bufferOfArray(bytes), offsetOfArray(bytes) + at, length), 0);
      await this.#sendPiece(piece);
    }
  }

  async #sendPiece(bytes: Uint8Array): Promise<void> {
    const cost = chunkCost(sizeOfArray(bytes));
    while (this.#credit < cost && !this.#isOver) await this.#more();
    if (this.#isOver) return;
    this.#credit -= cost;
    this.#send({ type: "chunk", bytes });
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
