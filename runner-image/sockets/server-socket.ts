import {
  isCloseCode,
  NO_CODE,
  SOCKET_LIMITS,
  type SocketMessage,
} from "../../src/protocol/socket.ts";
import {
  apply,
  bufferOfArray,
  byteLength,
  deleteProperty,
  listOf,
  NativeBlob,
  NativeBytes,
  setPrototypeOf,
  sizeOfArray,
  toNumber,
  toText,
  utf8,
} from "../base/primordials.ts";
import { SendQueue, type SocketWays } from "./send-queue.ts";
import { blobSize, copyBytes } from "./sent-bytes.ts";
import { socketWeb } from "./socket-web.ts";

type Handler = ((event: Event) => unknown) | null;
type Handled = "open" | "message" | "error" | "close";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** Events of the connection, for a socket. Kept from code, which has the socket itself. */
export interface SocketControl {
  readonly hear: (event: SocketMessage) => void;
}

/** A `WebSocket` of a server, whose connection is kept outside the sandbox. */
export class ServerSocket extends EventTarget {
  readonly protocol: string;
  readonly url = "";
  readonly extensions = "";
  binaryType: "blob" | "arraybuffer" = "blob";
  readonly #queue: SendQueue;
  readonly #handlers: Partial<Record<Handled, Handler>> = {};
  #state = CONNECTING;

  /** Creates a socket. `control` is filled with the means to drive it. */
  constructor(protocol: string, ways: SocketWays, control: Partial<SocketControl>) {
    super();
    this.protocol = protocol;
    this.#queue = new SendQueue(ways);
    Object.assign(control, {
      hear: (event: SocketMessage) => {
        try {
          this.#hear(event);
        } finally {
          if (event.op === "message") ways.tell({ op: "taken" });
        }
      },
    });
  }

  get readyState(): number {
    return this.#state;
  }

  get bufferedAmount(): number {
    return this.#queue.bytes;
  }

  send(data: unknown): void {
    const { NativeDomException, bytesOfBlob } = socketWeb();
    if (this.#state === CONNECTING) {
      throw new NativeDomException("'readyState' not OPEN", "InvalidStateError");
    }
    if (this.#state !== OPEN) return;
    const copy = copyBytes(data);
    const later = copy === undefined ? blobSize(data) : undefined;
    if (later !== undefined) {
      const read = async () => new NativeBytes(await bytesOfBlob(data as Blob));
      void this.#queue.addLater(later, read());
      return;
    }
    const bytes = copy ?? utf8(toText(data));
    this.#queue.add({ bytes, size: sizeOfArray(bytes), text: copy === undefined });
  }

  close(code?: unknown, reason?: unknown): void {
    const { NativeDomException } = socketWeb();
    const number = code === undefined ? NO_CODE : toNumber(code);
    if (!isCloseCode(number) || code === NO_CODE) {
      const message = `The close code must be 1000, or within 3000 to 4999: got ${number}`;
      throw new NativeDomException(message, "InvalidAccessError");
    }
    const text = reason === undefined ? "" : toText(reason);
    if (byteLength(text) > SOCKET_LIMITS.reasonBytes) {
      const message = `The close reason has more than ${SOCKET_LIMITS.reasonBytes} bytes`;
      throw new NativeDomException(message, "SyntaxError");
    }
    if (this.#state >= CLOSING) return;
    this.#state = CLOSING;
    this.#queue.add({ size: 0, text: false, close: { code: number, reason: text } });
  }

  get onopen(): Handler {
    return this.#handlers.open ?? null;
  }
  set onopen(handler: Handler) {
    this.#handle("open", handler);
  }
  get onmessage(): Handler {
    return this.#handlers.message ?? null;
  }
  set onmessage(handler: Handler) {
    this.#handle("message", handler);
  }
  get onerror(): Handler {
    return this.#handlers.error ?? null;
  }
  set onerror(handler: Handler) {
    this.#handle("error", handler);
  }
  get onclose(): Handler {
    return this.#handlers.close ?? null;
  }
  set onclose(handler: Handler) {
    this.#handle("close", handler);
  }

  /** Makes the class look like the runtime's. Done once, because that class is loaded late. */
  static adopt(): void {
    if (typeof WebSocket !== "function" || ServerSocket.#isAdopted) return;
    ServerSocket.#isAdopted = true;
    deleteProperty(ServerSocket.prototype, "constructor");
    setPrototypeOf(ServerSocket.prototype, WebSocket.prototype);
  }
  static #isAdopted = false;

  /** Keeps a handler where it was set first among the listeners, as browsers do. */
  #handle(name: Handled, handler: Handler): void {
    const isNew = this.#handlers[name] === undefined;
    this.#handlers[name] = typeof handler === "function" ? handler : null;
    if (!isNew) return;
    socketWeb().addListener(this, name, (event: Event) => {
      const current = this.#handlers[name];
      if (typeof current === "function") apply(current, this, [event]);
    });
  }

  #hear(event: SocketMessage): void {
    const { NativeEvent, NativeMessageEvent, NativeErrorEvent, NativeCloseEvent, dispatch } =
      socketWeb();
    if (this.#state === CLOSED) return;
    if (event.op === "open") {
      this.#state = OPEN;
      dispatch(this, new NativeEvent("open"));
      return;
    }
    if (event.op === "message") {
      dispatch(this, new NativeMessageEvent("message", { data: this.#dataOf(event.data) }));
      return;
    }
    const { code, reason, clean: wasClean } = event;
    this.#state = CLOSED;
    this.#queue.clear();
    if (!wasClean) dispatch(this, new NativeErrorEvent("error", { message: "Unexpected end" }));
    dispatch(this, new NativeCloseEvent("close", { code, reason, wasClean }));
  }

  #dataOf(data: string | Uint8Array): unknown {
    if (typeof data === "string") return data;
    return this.binaryType === "blob"
      ? new NativeBlob(listOf(data as BlobPart))
      : bufferOfArray(data);
  }
}
