import type { HttpReceiver } from "../../../src/engines/contract/http-delivery.ts";
import type { ResponseHead } from "../../../src/protocol/http.ts";

/** Bytes that may wait for a client, beside what is on its way out of the sandbox. */
export const MAX_WAITING = 65_536;
/** Those whose responses have no body. */
const BODILESS: readonly number[] = [204, 205, 304];

/** Takes the response of a function, and has a client read it at its own pace. */
export class ResponseStream implements HttpReceiver {
  /** Never rejects, and never resolves for code that gives none. */
  readonly head: Promise<ResponseHead>;
  readonly #hasBody: boolean;
  readonly #body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #onHead: (head: ResponseHead) => void = () => {};
  /** Called once the client has taken enough for more. */
  #waiting: (() => void)[] = [];
  #isOver = false;
  #isBodiless = false;

  readonly #cut: (() => void) | undefined;

  /**
   * `onCancel` is called if the client goes away before the end. `cut` ends its connection; without it,
   * the body's reader is told of an error.
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
          this.#isOver = true;
          this.#makeRoom();
          onCancel();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING }),
    );
  }

  /** `null` for a response that has none. To be asked once the head is there. */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#isBodiless ? null : this.#body;
  }

  /** Bytes that the client has not taken. */
  get waiting(): number {
    const room = this.#controller?.desiredSize ?? 0;
    // One that has been read to its end has room for nothing.
    return room === 0 && this.#isOver ? 0 : Math.max(0, MAX_WAITING - room);
  }

  onHead(head: ResponseHead): void {
    this.#isBodiless = !this.#hasBody || BODILESS.includes(head.status);
    this.#onHead(head);
  }

  /** What has no place in the response is taken and left out. */
  async onChunk(bytes: Uint8Array): Promise<void> {
    const controller = this.#controller;
    if (controller === undefined || this.#isBodiless || this.#isOver) return;
    controller.enqueue(bytes);
    if ((controller.desiredSize ?? 0) > 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** All of it is there. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.close();
  }

  /** Breaks it off: the client's connection ends in its middle. */
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
