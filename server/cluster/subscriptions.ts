import type { ChannelRouter } from "../../src/channels/channels.ts";
import type { Store } from "../store/contract/store.ts";

/** Milliseconds for which a server is known to have subscribers, and between two renewals. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** Milliseconds after which messages and servers' leases are deleted, and between two deletions. */
const OLD_MS = 60_000;

export interface SubscriptionsOptions {
  readonly router: Pick<ChannelRouter, "has">;
  readonly store: Pick<Store, "channels" | "notices">;
  readonly nodeId: string;
  readonly onError: (error: unknown) => void;
}

/** Tells other servers which tenants have subscribers here, by leases in the store. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  /** Tenants of which the store knows, or is being told. */
  readonly #held = new Set<string>();
  /** Tenants of which the store is still to be told. */
  readonly #new = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;
  #tending: Promise<void> | undefined;
  #renewedAt = performance.now();
  #prunedAt = performance.now();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#tending ??= this.#tend().finally(() => {
        this.#tending = undefined;
      });
    }, RENEW_MS).unref();
  }

  /** Tells at once that a tenant has a subscriber here. */
  add(tenant: string): void {
    if (this.#held.has(tenant)) return;
    this.#new.add(tenant);
    this.#telling ??= this.#tell().finally(() => {
      this.#telling = undefined;
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#telling, this.#tending]);
    const { store, nodeId } = this.#options;
    if (this.#held.size > 0) await store.channels.release(nodeId, [...this.#held]).catch(() => {});
  }

  async #tell(): Promise<void> {
    while (this.#new.size > 0) {
      const tenants = [...this.#new];
      this.#new.clear();
      const isTold = await this.#tried((channels, node) => channels.hold(node, tenants, LEASE_MS));
      // Otherwise the next renewal tells it.
      for (const tenant of tenants) this.#held.add(tenant);
      if (!isTold) this.#renewedAt = Number.NEGATIVE_INFINITY;
    }
  }

  async #tend(): Promise<void> {
    const { router, store } = this.#options;
    const gone = [...this.#held].filter((tenant) => !router.has(tenant));
    for (const tenant of gone) this.#held.delete(tenant);
    if (gone.length > 0) await this.#tried((channels, node) => channels.release(node, gone));
    // One of them may have come back meanwhile, before or after its row was deleted.
    for (const tenant of gone) if (router.has(tenant)) this.#held.add(tenant);
    const tenants = [...this.#held];
    if (tenants.length > 0) {
      const isLate = performance.now() - this.#renewedAt > LEASE_MS - RENEW_MS;
      const isHeld = await this.#tried((channels, node) => channels.hold(node, tenants, LEASE_MS));
      // Others may have read meanwhile that the lease is over.
      if (isHeld && isLate)
        for (const tenant of tenants) store.notices.send({ kind: "subscribers", tenant });
      if (isHeld) this.#renewedAt = performance.now();
    } else this.#renewedAt = performance.now();
    await this.#prune();
  }

  async #prune(): Promise<void> {
    if (performance.now() - this.#prunedAt < OLD_MS) return;
    // Not all servers at once.
    this.#prunedAt = performance.now() + Math.random() * OLD_MS;
    await this.#tried((channels) => channels.prune(OLD_MS));
  }

  async #tried(
    work: (channels: Store["channels"], node: string) => Promise<void>,
  ): Promise<boolean> {
    const { store, nodeId, onError } = this.#options;
    try {
      await work(store.channels, nodeId);
      return true;
    } catch (error) {
      onError(error);
      return false;
    }
  }
}
