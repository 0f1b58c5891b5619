/** Bytes that wait for a client that reads slowly. */
const MAX_WAITING = 1_048_576;
const HEARTBEAT_MS = 10_000;

const encoder = new TextEncoder();
/** A comment, which clients ignore. */
const HEARTBEAT = encoder.encode(":\n\n");

export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  // nginx would hold events back otherwise.
  "X-Accel-Buffering": "no",
};

/**
 * The body of a `text/event-stream`. It holds a megabyte for a client that does not read; what
 * comes beyond that and may be missed is left out and counted.
 */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #heartbeat: NodeJS.Timeout;
  #dropped = 0;
  #closed = false;

  /** `onCancel` is called if the client goes away before the end. */
  constructor(onCancel: () => void, heartbeat: number = HEARTBEAT_MS) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => {
          this.#stop();
          onCancel();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING }),
    );
    this.#heartbeat = setInterval(() => {
      if (this.#hasRoom) this.#controller?.enqueue(HEARTBEAT);
    }, heartbeat);
  }

  /** Bytes that the client has not taken. */
  get waiting(): number {
    const room = this.#controller?.desiredSize ?? MAX_WAITING;
    // A stream that has been read to its end has none, either.
    return this.#closed && room === 0 ? 0 : MAX_WAITING - room;
  }

  get #hasRoom(): boolean {
    return !this.#closed && (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Sends an event that may be missed. `data` makes its JSON, on one line; none is not sent. */
  offer(event: string, data: () => string | undefined): void {
    if (!this.#hasRoom) this.skip();
    else {
      const text = data();
      if (text !== undefined) this.#enqueue(event, text);
    }
  }

  /** Counts an event that is left out. */
  skip(): void {
    this.#dropped += 1;
  }

  /** Sends the last event, after a word of those that were left out. */
  end(event: string, data: string): void {
    if (this.#closed) return;
    if (this.#dropped > 0) this.#enqueue("dropped", JSON.stringify({ events: this.#dropped }));
    this.#enqueue(event, data);
    this.#stop();
    this.#controller?.close();
  }

  /** For a stream that nobody is going to read. */
  discard(): void {
    this.#stop();
  }

  #enqueue(event: string, data: string): void {
    this.#controller?.enqueue(encoder.encode(`event: ${event}\ndata: ${data}\n\n`));
  }

  #stop(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
  }
}
