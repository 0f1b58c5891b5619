import type { NodeRow, NodeState } from "../store/contract/nodes.ts";
import type { Store } from "../store/contract/store.ts";

/** Milliseconds between two signs of life. */
const EVERY_MS = 5_000;
/** Milliseconds after which a server counts as gone, and after which its row is deleted. */
const ALIVE_MS = 15_000;
const FORGOTTEN_MS = 3_600_000;

export interface NodeRegistryOptions {
  readonly store: Pick<Store, "nodes" | "isShared">;
  readonly node: Omit<NodeState, "draining">;
  readonly onError: (error: unknown) => void;
}

/** A server as its operator may see it. */
export interface ShownNode extends Omit<NodeRow, "age"> {
  /** True if it has given a sign of life of late. */
  readonly alive: boolean;
}

/**
 * Writes down that this server is there, and lists all of them: for people and metrics. A store
 * that no other server uses has no rows.
 */
export class NodeRegistry {
  readonly #options: NodeRegistryOptions;
  readonly #startedAt = new Date();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #draining = false;
  #prunedAt = 0;

  constructor(options: NodeRegistryOptions) {
    this.#options = options;
  }

  get version(): string {
    return this.#options.node.version;
  }

  start(): void {
    if (!this.#options.store.isShared) return;
    this.#timer = setInterval(() => this.#write(), EVERY_MS).unref();
    this.#write();
  }

  /** Tells that this server is about to end. */
  drain(): void {
    this.#draining = true;
    if (this.#timer !== undefined) this.#write();
  }

  async list(): Promise<ShownNode[]> {
    const { store, node } = this.#options;
    if (!store.isShared) {
      const times = { startedAt: this.#startedAt, seen: new Date() };
      return [{ ...node, draining: this.#draining, ...times, alive: true }];
    }
    const rows = await store.nodes.list();
    return rows.map(({ age, ...row }) => ({ ...row, alive: age < ALIVE_MS }));
  }

  /** Returns the number of servers that are there, or `undefined` while the store is away. */
  async count(): Promise<number | undefined> {
    const all = await this.list().catch(() => undefined);
    return all?.filter(({ alive }) => alive).length;
  }

  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    const { store, node } = this.#options;
    await this.#writing;
    await store.nodes.remove(node.id).catch(this.#options.onError);
  }

  #write(): void {
    this.#writing = this.#writing.then(() => this.#put()).catch(this.#options.onError);
  }

  async #put(): Promise<void> {
    const { store, node } = this.#options;
    await store.nodes.put({ ...node, draining: this.#draining });
    if (performance.now() - this.#prunedAt < FORGOTTEN_MS) return;
    this.#prunedAt = performance.now();
    await store.nodes.prune(FORGOTTEN_MS);
  }
}
