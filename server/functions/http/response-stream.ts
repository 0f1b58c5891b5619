import type { HttpReceiver } from "../../../src/engines/contract/http-delivery.ts";
import type { ResponseHead } from "../../../src/protocol/http.ts";
import { lengthOf } from "./headers.ts";

/** Most bytes that wait for a client, besides those on their way out of the sandbox. */
export const MAX_WAITING = 65_536;
/** Statuses of responses without a body. */
const BODILESS: readonly number[] = [204, 205, 304];

/** Receives a function's response, which its client reads at its own pace. */
export class ResponseStream implements HttpReceiver {
  /** Never rejects. Never resolves if code sends no response. */
  readonly head: Promise<ResponseHead>;
  readonly #hasBody: boolean;
  readonly #body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #onHead: (head: ResponseHead) => void = () => {};
  /** Callbacks for room: called once the client has read enough. */
  #waiting: (() => void)[] = [];
  #isOver = false;
  #isBodiless = false;
  /** Bytes that the response's own `Content-Length` still promises. */
  #promised: number | undefined;

  readonly #cut: (() => void) | undefined;

  /**
   * Calls `onCancel` if the client leaves before the end. `cut` closes its connection. Without
   * `cut`, the body's reader gets an error.
   */
  constructor(method: string, onCancel: () => void, cut?: () => void) {
    this.#hasBody = method !== "HEAD";
    this.#cut = cut;
    this.head = new Promise((resolve) => {
      this.#onHead = resolve;
    });
    this.#body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#makeRoom(),
        cancel: () => {
          const leavesEarly = !this.isOver;
          this.#isOver = true;
          this.#makeRoom();
          if (leavesEarly) onCancel();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING }),
    );
  }

  /** Body, or `null` if the response has none. Valid once `head` has resolved. */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#isBodiless ? null : this.#body;
  }

  /** Bytes that the client has not read. */
  get waiting(): number {
    const room = this.#controller?.desiredSize ?? 0;
    // A stream that was read to its end reports no room.
    return room === 0 && this.#isOver ? 0 : Math.max(0, MAX_WAITING - room);
  }

  onHead(head: ResponseHead): void {
    this.#isBodiless = !this.#hasBody || BODILESS.includes(head.status);
    if (!this.#isBodiless) this.#promised = lengthOf(head.headers);
    this.#onHead(head);
  }

  /**
   * Adds a chunk, and resolves once there is room for more. Bytes after the end, or without a body,
   * are dropped.
   */
  async onChunk(bytes: Uint8Array): Promise<void> {
    const controller = this.#controller;
    if (controller === undefined || this.#isBodiless || this.#isOver) return;
    if (this.#promised !== undefined) {
      this.#promised -= bytes.length;
      // The connection is useless: these bytes would be read as the next response.
      if (this.#promised < 0) {
        this.fail();
        return;
      }
    }
    controller.enqueue(bytes);
    if ((controller.desiredSize ?? 0) > 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /**
   * True once all of the response has been taken over. A client that was told its length may leave
   * before the code has ended.
   */
  get isOver(): boolean {
    return this.#isOver || this.#promised === 0;
  }

  onEnd(): void {
    this.end();
  }

  /** Ends the response after its last chunk. One that is shorter than it has said is broken off. */
  end(): void {
    if (this.#isOver) return;
    if (this.#promised !== undefined && this.#promised > 0) {
      this.fail();
      return;
    }
    this.#isOver = true;
    this.#controller?.close();
  }

  /** Breaks the response off by closing the client's connection. */
  fail(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#cut !== undefined) this.#cut();
    else this.#controller?.error(new Error("The function failed in the middle of its response"));
  }

  #makeRoom(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
