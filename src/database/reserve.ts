import type { DatabaseTarget } from "./target.ts";
import { Upstream } from "./upstream.ts";

/** Connections kept ready for a target that is used often. */
const AHEAD = 2;
/** A target is used often if it was used twice within this time, which is also how long it is kept ready. */
const RECENT = 30_000;

interface Shelf {
  readonly ready: Set<Upstream>;
  opening: number;
  expiry: NodeJS.Timeout;
}

/**
 * Connections made ahead: authentication takes longer than most queries. Each of them is handed
 * out once, so that no session is ever used by two executions.
 */
export class Reserve {
  readonly #shelves = new Map<string, Shelf>();
  /** Work that `close` waits for. */
  readonly #pending = new Set<Promise<void>>();
  #closed = false;

  /** A connection that nobody has used; rejects as `Upstream.connect` does. */
  async take(target: DatabaseTarget): Promise<Upstream> {
    const shelf = this.#shelves.get(JSON.stringify(target));
    const [upstream] = [...(shelf?.ready ?? [])].filter(({ alive }) => alive);
    if (shelf === undefined || upstream === undefined) return Upstream.connect(target);
    shelf.ready.delete(upstream);
    return upstream;
  }

  /** Notes that a target has been used, and makes connections ahead if that happens often. */
  refill(target: DatabaseTarget): void {
    if (this.#closed) return;
    const key = JSON.stringify(target);
    const shelf = this.#shelves.get(key);
    const expiry = setTimeout(() => this.#drop(key), RECENT).unref();
    if (shelf === undefined) {
      this.#shelves.set(key, { ready: new Set(), opening: 0, expiry });
      return;
    }
    clearTimeout(shelf.expiry);
    shelf.expiry = expiry;
    while (shelf.ready.size + shelf.opening < AHEAD) this.#track(this.#add(shelf, target));
  }

  /** Ends a connection, whoever had it; `close` waits for that. Never rejects. */
  end(upstream: Upstream, busy: boolean): Promise<void> {
    const ended = upstream.end(busy);
    this.#track(ended);
    return ended;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const key of [...this.#shelves.keys()]) this.#drop(key);
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  async #add(shelf: Shelf, target: DatabaseTarget): Promise<void> {
    shelf.opening += 1;
    try {
      const upstream = await Upstream.connect(target);
      const isWanted = this.#shelves.get(JSON.stringify(target)) === shelf;
      if (!isWanted) {
        void this.end(upstream, false);
        return;
      }
      shelf.ready.add(upstream);
      void upstream.closed.then(() => shelf.ready.delete(upstream));
    } catch {
      // Whoever needs one hears of it.
    } finally {
      shelf.opening -= 1;
    }
  }

  #drop(key: string): void {
    const shelf = this.#shelves.get(key);
    if (shelf === undefined) return;
    clearTimeout(shelf.expiry);
    this.#shelves.delete(key);
    for (const upstream of shelf.ready) void this.end(upstream, false);
  }
}
