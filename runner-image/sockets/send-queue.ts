import type { SocketPart } from "../../src/protocol/socket.ts";

/** Ways of a WebSocket out of the worker. */
export interface SocketWays {
  /** Sends a message in parts. Resolves when all of it has had credit. */
  readonly message: (bytes: Uint8Array, text: boolean) => Promise<void>;
  readonly tell: (part: SocketPart) => void;
}

interface Item {
  /** Absent until a blob has been read. */
  bytes?: Uint8Array;
  readonly size: number;
  readonly text: boolean;
  /** Set for the end of the connection. */
  readonly close?: { readonly code: number; readonly reason: string };
  next?: Item;
}

/**
 * Messages that wait to be sent, in their order. They are linked, because code may have replaced the
 * methods of arrays.
 */
export class SendQueue {
  readonly #ways: SocketWays;
  #first: Item | undefined;
  #last: Item | undefined;
  #bytes = 0;
  #isSending = false;

  constructor(ways: SocketWays) {
    this.#ways = ways;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(item: Omit<Item, "next">): void {
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#bytes += item.size;
    void this.#flush();
  }

  /** Adds a message whose bytes come later. Those behind it wait. */
  async addLater(size: number, bytes: Promise<Uint8Array>): Promise<void> {
    const item: Item = { size, text: false };
    this.add(item);
    item.bytes = await bytes;
    void this.#flush();
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
  }

  async #flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#first !== undefined) {
      const item: Item = this.#first;
      if (item.close !== undefined) this.#ways.tell({ op: "close", ...item.close });
      else if (item.bytes === undefined) break;
      else await this.#ways.message(item.bytes, item.text);
      this.#bytes -= item.size;
      // Cleared meanwhile if the connection has ended.
      if (this.#first !== undefined) this.#first = item.next;
      if (this.#first === undefined) this.#last = undefined;
    }
    this.#isSending = false;
  }
}
