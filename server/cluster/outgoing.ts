import {
  BATCH_BYTES,
  BATCH_LOSSES,
  BATCH_MESSAGES,
  type Batch,
  type RelayedMessage,
} from "./channel-text.ts";

/** Most bytes of a tenant's messages that wait, and of all tenants'. */
const WAITING_OF_TENANT = 4_194_304;
const WAITING = 33_554_432;
/** Bytes that a tenant may send in a second, once it has sent as many at once. */
const RATE = 4_194_304;
/** Bytes of a message beside its text. */
const FEE = 256;

export type Part = Pick<Batch, "messages" | "lost">;

/** Messages of one tenant that wait, and the room that it has. */
interface Queue {
  messages: RelayedMessage[];
  bytes: number;
  readonly lost: Map<string, number>;
}

/**
 * Messages that wait for their way to other servers, in the order of each tenant. Those beyond a
 * tenant's bytes are dropped and counted, so that it takes no other tenant's room.
 */
export class Outgoing {
  readonly #queues = new Map<string, Queue>();
  /** Tenant → bytes that it may send, and when that was true. */
  readonly #room = new Map<string, { bytes: number; at: number }>();
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Adds a message. Returns false if it is dropped. */
  add(tenant: string, topic: string, text: string): boolean {
    const queue = this.#queue(tenant);
    // A character has three bytes at most, and counts as what it mostly is.
    const bytes = text.length + topic.length + FEE;
    const isFull = queue.bytes + bytes > WAITING_OF_TENANT || this.#bytes + bytes > WAITING;
    if (isFull || !this.#takes(tenant, bytes)) {
      this.lose(tenant, topic, 1);
      return false;
    }
    queue.messages.push([topic, text]);
    queue.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  /** Counts messages that will not arrive. The next batch tells its receivers. */
  lose(tenant: string, topic: string, count: number): void {
    const { lost } = this.#queue(tenant);
    if (lost.has(topic) || lost.size < BATCH_LOSSES)
      lost.set(topic, (lost.get(topic) ?? 0) + count);
  }

  /** Takes everything that waits: tenant → parts, each small enough for a batch. */
  take(): Map<string, Part[]> {
    const taken = new Map<string, Part[]>();
    for (const [tenant, { messages, lost }] of this.#queues) {
      const parts = partsOf(messages);
      const [first = []] = parts;
      taken.set(tenant, [
        { messages: first, lost: [...lost] },
        ...parts.slice(1).map((part) => ({ messages: part, lost: [] })),
      ]);
    }
    this.#queues.clear();
    this.#bytes = 0;
    this.#forget();
    return taken;
  }

  #queue(tenant: string): Queue {
    const queue = this.#queues.get(tenant) ?? { messages: [], bytes: 0, lost: new Map() };
    this.#queues.set(tenant, queue);
    return queue;
  }

  #takes(tenant: string, bytes: number): boolean {
    const now = performance.now();
    const { bytes: had, at } = this.#room.get(tenant) ?? { bytes: RATE, at: now };
    const room = Math.min(RATE, had + ((now - at) * RATE) / 1_000);
    this.#room.set(tenant, { bytes: room < bytes ? room : room - bytes, at: now });
    return room >= bytes;
  }

  /** Forgets tenants that have all their room again. */
  #forget(): void {
    const full = performance.now() - 1_000;
    for (const [tenant, { at }] of this.#room) if (at < full) this.#room.delete(tenant);
  }
}

function partsOf(messages: readonly RelayedMessage[]): RelayedMessage[][] {
  const parts: RelayedMessage[][] = [];
  let bytes = BATCH_BYTES;
  for (const message of messages) {
    const [topic, text] = message;
    bytes += text.length + topic.length + FEE;
    const last = parts.at(-1);
    if (last === undefined || bytes > BATCH_BYTES || last.length >= BATCH_MESSAGES) {
      parts.push([message]);
      bytes = text.length + topic.length + FEE;
    } else last.push(message);
  }
  return parts;
}
