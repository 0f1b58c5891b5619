import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ChannelRouter, Uplink } from "../../src/channels/channels.ts";
import { ADDRESSED_BYTES, type AddressedText, type KeptText } from "../store/contract/channels.ts";
import type { Store } from "../store/contract/store.ts";
import { storeCache } from "../store/contract/store-cache.ts";
import { type Batch, batchText, readArrival, readBatch, referenceText } from "./channel-text.ts";
import { Outgoing } from "./outgoing.ts";
import { Subscriptions } from "./subscriptions.ts";

type Arrival = NonNullable<ReturnType<typeof readArrival>>;

/** Milliseconds that messages wait for others. Each batch is one transaction. */
const WAIT_MS = 10;
/** Milliseconds until the store is asked again after a failure. */
const AWAY_MS = 1_000;
/** Messages that are delivered in one turn, so that receivers take some in between. */
const TURN = 16;
/** Most arrivals of one server that wait to be delivered. */
const MOST_ARRIVALS = 1_000;
/** Bytes of one statement. */
const STATEMENT_BYTES = 4_194_304;

export interface ChannelRelayOptions {
  readonly router: ChannelRouter;
  readonly store: Pick<Store, "channels" | "notices" | "isShared">;
  readonly nodeId: string;
  readonly onError: (error: unknown) => void;
}

/**
 * Carries messages of channels between the servers that share a store. Messages go only to servers
 * with subscribers of their tenant: small ones in notices of the database, large ones in a table.
 */
export class ChannelRelay implements Uplink {
  readonly #options: ChannelRelayOptions;
  readonly #subscriptions: Subscriptions;
  readonly #outgoing = new Outgoing();
  /** Tenant → other servers with subscribers. */
  readonly #others: ReturnType<typeof storeCache<readonly string[]>>;
  /** Server → its arrivals, one after another. */
  readonly #arrivals = new Map<string, { last: Promise<void>; count: number }>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #unlisten: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ChannelRelayOptions) {
    const { store, nodeId, router, onError } = options;
    this.#options = options;
    this.#others = storeCache(store);
    this.#subscriptions = new Subscriptions({ store, nodeId, router, onError });
  }

  start(): void {
    const { store, router, nodeId } = this.#options;
    const { notices } = store;
    const offs = [
      notices.on("subscribers", ({ tenant }) => this.#others.forget(tenant)),
      notices.onText(addressOf(nodeId), (text) => this.#arrive(text)),
    ];
    this.#unlisten = () => {
      for (const off of offs) off();
    };
    this.#subscriptions.start();
    router.connect(this);
  }

  emit(tenant: string, topic: string, text: string): void {
    this.#outgoing.add(tenant, topic, text);
    this.#plan(WAIT_MS);
  }

  subscribed(tenant: string): void {
    this.#subscriptions.add(tenant);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.router.connect(undefined);
    clearTimeout(this.#timer);
    this.#unlisten?.();
    await this.#sending;
    await this.#subscriptions.close();
  }

  #plan(wait: number): void {
    if (this.#sending !== undefined || this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const began = performance.now();
      this.#sending = this.#sendAll().then((isSent) => {
        this.#sending = undefined;
        // A database that is slow is asked less often.
        const wait = isSent ? Math.max(WAIT_MS, performance.now() - began) : AWAY_MS;
        if (!isSent || !this.#outgoing.isEmpty) this.#plan(wait);
      });
    }, wait).unref();
  }

  /**
   * Sends what waits, one statement after another, so that the order of each tenant stays. Returns
   * false if the store was away for some of it.
   */
  async #sendAll(): Promise<boolean> {
    const { store, nodeId, onError } = this.#options;
    const { channels } = store;
    const taken = [...this.#outgoing.take()];
    const read = (tenant: string) => (): Promise<string[]> => channels.subscribers(tenant, nodeId);
    let isSent = true;
    const away = (error: unknown): void => {
      isSent = false;
      onError(error);
    };
    const targets = await Promise.all(
      taken.map(([tenant]) => this.#others.get(tenant, read(tenant)).catch(away)),
    );
    let batches: { batch: Batch; to: readonly string[]; text: string }[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      const sent = batches;
      [batches, bytes] = [[], 0];
      await channels.send(...statementOf(sent)).catch((error: unknown) => {
        away(error);
        for (const { batch } of sent) this.#lose(batch);
      });
    };
    for (const [index, [tenant, parts]] of taken.entries()) {
      const to = targets[index];
      if (to === undefined) for (const part of parts) this.#lose({ from: nodeId, tenant, ...part });
      if (to === undefined || to.length === 0) continue;
      for (const part of parts) {
        const batch = { from: nodeId, tenant, ...part };
        const text = batchText(batch);
        batches.push({ batch, to, text });
        bytes += text.length;
        if (bytes > STATEMENT_BYTES) await flush();
      }
    }
    if (batches.length > 0) await flush();
    return isSent;
  }

  /** Counts the messages of a batch that could not be sent. */
  #lose({ tenant, messages, lost }: Batch): void {
    for (const [topic] of messages) this.#outgoing.lose(tenant, topic, 1);
    for (const [topic, count] of lost) this.#outgoing.lose(tenant, topic, count);
  }

  /** Takes a text of another server. Those of one server are delivered in their order. */
  #arrive(text: string): void {
    const arrival = readArrival(text);
    if (arrival === undefined) return;
    const { from } = arrival;
    const line = this.#arrivals.get(from) ?? { last: Promise.resolve(), count: 0 };
    if (line.count >= MOST_ARRIVALS) {
      this.#miss(arrival);
      return;
    }
    this.#arrivals.set(from, line);
    line.count += 1;
    line.last = line.last
      .then(() => this.#deliver(arrival))
      .catch(this.#options.onError)
      .then(() => {
        line.count -= 1;
        if (line.count === 0) this.#arrivals.delete(from);
      });
  }

  /** Counts messages that came here and found no room, or are no longer where they were kept. */
  #miss(arrival: Arrival): void {
    const { router } = this.#options;
    const { tenant } = arrival;
    if (tenant === undefined) return;
    const counts = "kept" in arrival ? arrival.counts : arrival.lost;
    for (const [topic, count] of counts) router.lose(tenant, topic, count);
    if ("messages" in arrival)
      for (const [topic] of arrival.messages) router.lose(tenant, topic, 1);
  }

  async #deliver(arrival: Arrival): Promise<void> {
    const { router, store, onError } = this.#options;
    const kept = async (id: string): Promise<string | undefined> =>
      store.channels.kept(id).catch((error: unknown) => void onError(error));
    const text = "kept" in arrival ? await kept(arrival.kept) : undefined;
    const batch = "kept" in arrival ? text && readBatch(text) : arrival;
    if (!batch) return this.#miss(arrival);
    const { tenant, messages, lost } = batch;
    for (const [topic, count] of lost) router.lose(tenant, topic, count);
    for (const [index, [topic, message]] of messages.entries()) {
      if (index % TURN === TURN - 1) await nextTurn();
      router.deliver(tenant, topic, message);
    }
  }
}

/** Returns what one statement keeps and sends. */
function statementOf(
  batches: readonly { batch: Batch; to: readonly string[]; text: string }[],
): [KeptText[], AddressedText[]] {
  const kept: KeptText[] = [];
  const texts: AddressedText[] = [];
  for (const { batch, to, text } of batches) {
    const isLarge = Buffer.byteLength(text) > ADDRESSED_BYTES;
    const id = randomUUID();
    if (isLarge) kept.push({ id, text });
    const told = isLarge ? referenceText(batch, id) : text;
    for (const node of to) texts.push({ address: addressOf(node), text: told });
  }
  return [kept, texts];
}

/** Makes the address of a server. */
function addressOf(node: string): string {
  return `isolate:${node}`;
}
