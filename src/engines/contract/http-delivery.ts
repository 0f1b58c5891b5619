import {
  chunkCost,
  HTTP_LIMITS,
  type HttpJob,
  headFault,
  type ResponseHead,
} from "../../protocol/http.ts";
import type { Fault } from "../../protocol/messages.ts";

/** What headers consist of; the names of a response are in lower case. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Credit is given in parts of this size: the worker has more than one chunk's left until then. */
const GRANT = HTTP_LIMITS.window / 4;
/** Chunks of one body: each is some work outside of the sandbox, however small. */
const MAX_CHUNKS = 100_000;

/** Where the response of a job goes. Nothing is called after its execution has settled. */
export interface HttpReceiver {
  /** Called at most once, before any part of the body. */
  onHead(head: ResponseHead): void;
  /** Resolves once there is room for as much again; never rejects. Until then the code waits. */
  onChunk(bytes: Uint8Array): Promise<void>;
}

/** A request for code to answer, and where its response goes. */
export interface HttpExchange extends HttpReceiver {
  readonly request: HttpJob;
  /** Not for `GET` and `HEAD`. */
  readonly body?: Uint8Array | undefined;
}

/** Thrown for a response that is not passed on, or not any further; its fault is how the run ends. */
export class DeliveryError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * Hands a sandbox's response to its receiver, and holds the sandbox to what it may send: one head,
 * then no more than has been taken of it.
 */
export class HttpDelivery {
  readonly #job: HttpJob;
  readonly #receiver: HttpReceiver;
  readonly #grant: (bytes: number) => void;
  #credit: number = HTTP_LIMITS.window;
  #taken = 0;
  #bytes = 0;
  #chunks = 0;
  #hasHead = false;
  #ended = false;

  /** `grant` lets the sandbox send so much more. */
  constructor(job: HttpJob, receiver: HttpReceiver, grant: (bytes: number) => void) {
    this.#job = job;
    this.#receiver = receiver;
    this.#grant = grant;
  }

  /** Bytes of the body that were passed on. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes what is claimed to be a head. Throws `DeliveryError`. */
  head(claim: { readonly status?: unknown; readonly headers?: unknown }): void {
    if (this.#ended) return;
    if (this.#hasHead) throw responseError("There is one response to a request");
    const head = readHead(claim);
    this.#hasHead = true;
    this.#receiver.onHead(head);
  }

  /** Takes a part of the body. Throws `DeliveryError`. */
  chunk(bytes: Uint8Array): void {
    if (this.#ended) return;
    const { length } = bytes;
    const cost = chunkCost(length);
    this.#credit -= cost;
    this.#bytes += length;
    this.#chunks += 1;
    const isOurs = this.#hasHead && length > 0 && length <= HTTP_LIMITS.chunkBytes;
    if (!isOurs || this.#credit < 0) throw responseError("The response is not in order");
    const { maxBytes } = this.#job;
    if (this.#bytes > maxBytes) throw tooMuch(`${maxBytes} bytes`);
    if (this.#chunks > MAX_CHUNKS) throw tooMuch(`${MAX_CHUNKS} parts`);
    void this.#receiver.onChunk(bytes).then(() => this.#onTaken(cost));
  }

  /** Has the receiver be told nothing any more. */
  end(): void {
    this.#ended = true;
  }

  #onTaken(cost: number): void {
    this.#taken += cost;
    if (this.#ended || this.#taken < GRANT) return;
    const taken = this.#taken;
    this.#taken = 0;
    this.#credit += taken;
    // In a turn of its own: code at level none would have the only thread to itself.
    setImmediate(() => this.#grant(taken));
  }
}

function readHead({ status, headers }: { status?: unknown; headers?: unknown }): ResponseHead {
  if (!Number.isInteger(status) || !Array.isArray(headers)) throw responseError("Bad response");
  const list: [string, string][] = [];
  let characters = 0;
  for (const item of headers as unknown[]) {
    if (!Array.isArray(item) || item.length !== 2) throw responseError("Bad header");
    const [name, value] = item as unknown[];
    if (typeof name !== "string" || !NAME.test(name)) throw responseError("Bad name of a header");
    if (typeof value !== "string" || !VALUE.test(value)) throw responseError(`Bad header ${name}`);
    characters += name.length + value.length;
    list.push([name, value]);
  }
  const fault = headFault(status as number, { count: list.length, characters });
  if (fault !== undefined) throw responseError(fault);
  return { status: status as number, headers: list };
}

function responseError(message: string): DeliveryError {
  return new DeliveryError({ name: "ResponseError", message });
}

function tooMuch(limit: string): DeliveryError {
  return new DeliveryError({
    name: "OutputLimitError",
    message: `The response exceeds ${limit}`,
  });
}
