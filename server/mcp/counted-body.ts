/** Most bytes that wait for a slow client before notifications are left out. */
const MOST_WAITING = 1_048_576;

/**
 * Body of an answer whose unread bytes are known. The transport puts all it has into a stream
 * without a bound, which this one empties at once.
 */
export class CountedBody {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves once everything is written, or the client has gone. */
  readonly ended: Promise<void>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isOver = false;

  /** Calls `onCancel` if the client leaves before the end. */
  constructor(source: ReadableStream<Uint8Array>, onCancel: () => void) {
    const reader = source.getReader();
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: async () => {
          this.#isOver = true;
          onCancel();
          await reader.cancel();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING }),
    );
    this.ended = this.#pass(reader).catch(() => {});
  }

  /** Bytes that the client has not read. */
  get waiting(): number {
    const room = this.#controller?.desiredSize ?? MOST_WAITING;
    // A stream that was read to its end reports no room.
    return this.#isOver && room === 0 ? 0 : MOST_WAITING - room;
  }

  /** True if a notification may be added. */
  get hasRoom(): boolean {
    return !this.#isOver && this.waiting < MOST_WAITING;
  }

  async #pass(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#isOver) return;
      if (done) break;
      this.#controller?.enqueue(value);
    }
    this.#isOver = true;
    this.#controller?.close();
  }
}
