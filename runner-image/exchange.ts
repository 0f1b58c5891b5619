import { chunkCost, HTTP_LIMITS, type HttpJob, headFault } from "../src/protocol/http.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";
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
import { web } from "./web.ts";

/** Makes the `Request` for an entry, and sends its response as fast as the reader takes it. */
export class Exchange {
  readonly #job: HttpJob;
  readonly #send: (message: WorkerMessage) => void;
  readonly #web = web();
  #credit: number = HTTP_LIMITS.window;
  #bytes = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(job: HttpJob, send: (message: WorkerMessage) => void) {
    this.#job = job;
    this.#send = send;
  }

  request(body: Uint8Array | undefined): Request {
    const { method, url, headers } = this.#job;
    const { NativeRequest } = this.#web;
    const init = { method, headers: headers as [string, string][] };
    return new NativeRequest(url, body === undefined ? init : { ...init, body: body as BodyInit });
  }

  /**
   * Sends the whole response.
   *
   * @throws {RunnerFault} If the value is no `Response`, or if it is too large.
   */
  async respond(value: unknown, entry: string): Promise<void> {
    const { bodyOf, cancelStream, getReader } = this.#web;
    this.#head(value, entry);
    const body = bodyOf(value);
    if (body === null) return;
    if (this.#job.method === "HEAD") {
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

  /** Adds credit: so many more bytes may be sent. */
  allow(bytes: number): void {
    this.#credit += bytes;
    this.#wake?.();
  }

  /** Stops sending, because the run has ended. */
  close(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  #head(value: unknown, entry: string): void {
    const { statusOf, headersOf, eachHeader } = this.#web;
    let status: number;
    try {
      status = statusOf(value);
    } catch {
      throw responseError(`Entry "${entry}" returned no Response`);
    }
    const headers: [string, string][] = [];
    let characters = 0;
    let count = 0;
    eachHeader(headersOf(value), (text, name) => {
      characters += name.length + text.length;
      // Assigned by index: user code may have replaced `push()`.
      headers[count] = [name, text];
      count += 1;
    });
    const fault = headFault(status, { count, characters });
    if (fault !== undefined) throw responseError(fault);
    this.#send({ type: "head", status, headers });
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
      const cost = chunkCost(length);
      while (this.#credit < cost && !this.#isOver) await this.#more();
      if (this.#isOver) return;
      this.#credit -= cost;
      // A copy: the message transfers its buffer, and this buffer belongs to user code.
      const piece = new NativeBytes(length);
      setBytes(piece, new NativeBytes(bufferOfArray(bytes), offsetOfArray(bytes) + at, length), 0);
      this.#send({ type: "chunk", bytes: piece });
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

function responseError(message: string): RunnerFault {
  return new RunnerFault("ResponseError", message);
}
