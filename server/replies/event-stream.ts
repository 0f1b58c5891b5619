/** Most bytes that wait for a slow client. */
const MAX_WAITING = 1_048_576;
const HEARTBEAT_MS = 10_000;

const encoder = new TextEncoder();
/** A comment, which clients ignore. */
const HEARTBEAT = encoder.encode(":\n\n");

export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  // Without it, nginx delays events.
  "X-Accel-Buffering": "no",
};

/**
 * The body of a `text/event-stream`. Buffers up to a megabyte for a slow client. Further optional
 * events are dropped and counted.
 */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #heartbeat: NodeJS.Timeout;
  #dropped = 0;
  #closed = false;

  /** Calls `onCancel` if the client leaves before the end. */
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
    this.#heartbeat = setInterval(() => this.beat(), heartbeat);
  }

  /** Sends a comment, so that the connection stays open or the client sees that it is. */
  beat(): void {
    if (this.#hasRoom) this.#controller?.enqueue(HEARTBEAT);
  }

  /** Bytes that the client has not read. */
  get waiting(): number {
    const room = this.#controller?.desiredSize ?? MAX_WAITING;
    // A stream that was read to its end reports no room.
    return this.#closed && room === 0 ? 0 : MAX_WAITING - room;
  }

  get #hasRoom(): boolean {
    return !this.#closed && (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Sends an optional event. `data` makes its JSON on one line; without data it is not sent. */
  offer(event: string, data: () => string | undefined): void {
    if (!this.#hasRoom) this.skip();
    else {
      const text = data();
      if (text !== undefined) this.#enqueue(event, text);
    }
  }

  /** Sends an event that is never dropped. Its sender bounds the bytes of all of them. */
  send(event: string, text: string): void {
    if (!this.#closed) this.#enqueue(event, text);
  }

  /** Counts a dropped event. */
  skip(): void {
    this.#dropped += 1;
  }

  /** Sends the number of dropped events since the last time, once there is room. */
  tellDropped(): void {
    if (this.#dropped > 0 && this.#hasRoom) this.#enqueueDropped();
  }

  /** Sends the last event, after one with the number of dropped events. */
  end(event: string, data: string): void {
    if (this.#closed) return;
    if (this.#dropped > 0) this.#enqueueDropped();
    this.#enqueue(event, data);
    this.#stop();
    this.#controller?.close();
  }

  /** Ends a stream that will not be read. */
  discard(): void {
    this.#stop();
  }

  #enqueueDropped(): void {
    this.#enqueue("dropped", JSON.stringify({ events: this.#dropped }));
    this.#dropped = 0;
  }

  #enqueue(event: string, data: string): void {
    this.#controller?.enqueue(encoder.encode(`event: ${event}\ndata: ${data}\n\n`));
  }

  #stop(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
  }
}
