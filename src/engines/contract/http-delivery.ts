import {
  chunkCost,
  HTTP_LIMITS,
  type HttpJob,
  headFault,
  type ResponseHead,
  UPGRADED,
} from "../../protocol/http.ts";
import type { Fault } from "../../protocol/messages.ts";
import type { SocketEvent, SocketPart } from "../../protocol/socket.ts";

/** Characters of headers. Names in a response are in lower case. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Bytes of credit given at a time. Until then, the worker has credit for more than one chunk. */
const GRANT = HTTP_LIMITS.window / 4;
/** Most chunks of one body. Each one costs work outside the sandbox, however small it is. */
const MAX_CHUNKS = 100_000;

/** Receives the response of a job. Nothing is called after its execution has settled. */
export interface HttpReceiver {
  /** Receives the head. Called at most once, before any part of the body. */
  onHead(head: ResponseHead): void;
  /**
   * Receives a part of the body. Resolves when there is room for as much again, and the code waits
   * until then. Never rejects.
   */
  onChunk(bytes: Uint8Array): Promise<void>;
  /**
   * Called if the body is whole before the execution ends, because the code goes on after it.
   * Default: the end of the execution is that of the body.
   */
  onEnd?(): void;
  /** Receives the WebSocket that a head with status 101 has accepted. */
  readonly socket?: SocketReceiver | undefined;
}

/** Receives what code does with the WebSocket of its client. */
export interface SocketReceiver {
  /** Gives the way to the code. Called once, before anything else. */
  connect(send: (event: SocketEvent) => void): void;
  /** Receives a part of a message. Resolves when there is room for as much again. Never rejects. */
  onPiece(
    bytes: Uint8Array,
    part: { readonly text: boolean; readonly last: boolean },
  ): Promise<void>;
  /** Called when the code has handled a message. */
  onTaken(): void;
  onClose(code: number, reason: string): void;
}

/** HTTP request for the code, and the receiver of its response. */
export interface HttpExchange extends HttpReceiver {
  readonly request: HttpJob;
  /** Body of the request. Absent for `GET` and `HEAD`. */
  readonly body?: Uint8Array | undefined;
  /** Forwards what it holds back. Called once the code has ended. Default: it holds nothing back. */
  flush?(): void;
}

/** Thrown when a response is not forwarded, or no further. Its fault ends the run. */
export class DeliveryError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * Forwards a sandbox's response to its receiver. It enforces one head, and no more body than the
 * credit given.
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
  /** Receiver of the WebSocket, once the code has accepted it. */
  #socket: SocketReceiver | undefined;
  /** True once the sandbox has said that the body is whole. */
  #isWhole = false;
  #ended = false;

  /**
   * `grant` lets the sandbox send that many bytes more. `tell` sends an event of the WebSocket. It is
   * absent where code can have none.
   */
  constructor(
    job: HttpJob,
    receiver: HttpReceiver,
    grant: (bytes: number) => void,
    tell?: (event: SocketEvent) => void,
  ) {
    this.#job = job;
    this.#receiver = receiver;
    this.#grant = grant;
    if (tell !== undefined) receiver.socket?.connect((event) => !this.#ended && tell(event));
  }

  /** Bytes of the body forwarded so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Checks and forwards a head.
   *
   * @throws {DeliveryError} if the head is invalid, or the second one.
   */
  head(claim: { readonly status?: unknown; readonly headers?: unknown }): void {
    if (this.#ended) return;
    if (this.#hasHead) throw responseError("There is one response to a request");
    const head = readHead(claim, this.#job.isUpgrade);
    this.#hasHead = true;
    if (head.status === UPGRADED) this.#socket = this.#receiver.socket;
    this.#receiver.onHead(head);
  }

  /**
   * Checks and forwards a part of the body. An empty part says that the body is whole.
   *
   * @throws {DeliveryError} if it comes before the head or exceeds a limit.
   */
  chunk(bytes: Uint8Array): void {
    if (this.#ended) return;
    const isOurs = this.#hasHead && this.#socket === undefined && !this.#isWhole;
    if (!isOurs) throw outOfOrder();
    const cost = this.#charge(bytes);
    if (bytes.length === 0) {
      this.#isWhole = true;
      this.#receiver.onEnd?.();
      return;
    }
    void this.#receiver.onChunk(bytes).then(() => this.#onTaken(cost));
  }

  /**
   * Checks and forwards what code does with its WebSocket.
   *
   * @throws {DeliveryError} without a WebSocket, for what cannot be read, or beyond a limit.
   */
  socket(part: SocketPart | undefined): void {
    if (this.#ended) return;
    const socket = this.#socket;
    if (socket === undefined || part === undefined) throw outOfOrder();
    if (part.op === "piece") {
      const cost = this.#charge(part.bytes);
      void socket.onPiece(part.bytes, part).then(() => this.#onTaken(cost));
    } else if (part.op === "taken") socket.onTaken();
    else socket.onClose(part.code, part.reason);
  }

  /** Takes a part's cost from the credit, and returns it. */
  #charge({ length }: Uint8Array): number {
    const { maxBytes } = this.#job;
    const cost = chunkCost(length);
    this.#credit -= cost;
    this.#bytes += length;
    this.#chunks += 1;
    if (length > HTTP_LIMITS.chunkBytes || this.#credit < 0) throw outOfOrder();
    if (this.#bytes > maxBytes) throw tooMuch(`${maxBytes} bytes`);
    if (this.#chunks > MAX_CHUNKS) throw tooMuch(`${MAX_CHUNKS} parts`);
    return cost;
  }

  /** Stops all calls of the receiver. */
  end(): void {
    this.#ended = true;
  }

  #onTaken(cost: number): void {
    this.#taken += cost;
    if (this.#ended || this.#taken < GRANT) return;
    const taken = this.#taken;
    this.#taken = 0;
    this.#credit += taken;
    // In its own turn of the event loop: code at level `none` would otherwise occupy the only
    // thread.
    setImmediate(() => this.#grant(taken));
  }
}

function readHead(
  { status, headers }: { status?: unknown; headers?: unknown },
  isUpgrade?: boolean,
): ResponseHead {
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
  const fault = headFault(status as number, { count: list.length, characters }, isUpgrade);
  if (fault !== undefined) throw responseError(fault);
  return { status: status as number, headers: list };
}

function outOfOrder(): DeliveryError {
  return responseError("The response is not in order");
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
