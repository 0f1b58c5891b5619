import type { IsolateError } from "../errors.ts";
import { type Profile, profileKey, type Sandbox } from "./engine.ts";

interface Waiter {
  readonly since: number;
  /** What it would take a kept sandbox of, too. */
  readonly key: string | undefined;
  resolve(sandbox: Sandbox): void;
  reject(error: unknown): void;
}

/** The warm sandboxes of one profile and those who wait for one. */
export class Shelf {
  readonly profile: Profile;
  readonly warm: { sandbox: Sandbox; since: number }[] = [];
  readonly waiting: Waiter[] = [];
  /** Starts under way. */
  starting = 0;
  /** Sandboxes to keep warm when nobody waits. */
  wanted: number;
  lastUse = Date.now();

  constructor(profile: Profile, wanted: number) {
    this.profile = profile;
    this.wanted = wanted;
  }

  /** Starts it takes to serve everybody waiting and to keep as many warm as wanted. */
  get missing(): number {
    const idle = Math.max(0, this.wanted - this.warm.length);
    return this.waiting.length + idle - this.starting;
  }

  /** Resolves with the next sandbox that is free; rejects with the signal's reason. */
  wait(signal: AbortSignal, key?: string): Promise<Sandbox> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        since: performance.now(),
        key,
        resolve: (sandbox) => {
          signal.removeEventListener("abort", onAbort);
          resolve(sandbox);
        },
        reject: (error) => {
          signal.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.waiting.push(waiter);
    });
  }

  /** Takes a warm sandbox off the shelf; false if it is there no more. */
  take(sandbox: Sandbox): boolean {
    const index = this.warm.findIndex((item) => item.sandbox === sandbox);
    if (index >= 0) this.warm.splice(index, 1);
    return index >= 0;
  }
}

/** One shelf a profile; a profile nobody has used for the idle time is forgotten. */
export class Shelves {
  readonly #shelves = new Map<string, Shelf>();
  readonly #default: Shelf;
  readonly #idle: number;
  readonly #min: number;
  #keep: boolean;

  constructor(options: { profile: Profile; min: number; idle: number; prewarm?: boolean }) {
    this.#idle = options.idle;
    this.#min = options.min;
    this.#keep = options.prewarm ?? true;
    this.#default = new Shelf(options.profile, this.#keep ? options.min : 0);
    this.#shelves.set(profileKey(options.profile), this.#default);
  }

  /** Keeps as many of the default profile warm as wanted, and one of each other in use. */
  keepWarm(): void {
    this.#keep = true;
    this.#default.wanted = this.#min;
  }

  get warm(): number {
    return this.#sum((shelf) => shelf.warm.length);
  }

  get waiting(): number {
    return this.#sum((shelf) => shelf.waiting.length);
  }

  /** The shelf of a profile about to be used. A profile in use has one sandbox kept warm. */
  use(profile: Profile): Shelf {
    const key = profileKey(profile);
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = new Shelf(profile, this.#keep ? 1 : 0);
      this.#shelves.set(key, shelf);
    }
    shelf.lastUse = Date.now();
    return shelf;
  }

  /** The one whose first waiter has waited longest comes first, those nobody waits for last. */
  byUrgency(): Shelf[] {
    const since = (shelf: Shelf): number => shelf.waiting[0]?.since ?? Number.POSITIVE_INFINITY;
    return [...this.#shelves.values()].sort((a, b) => (since(a) < since(b) ? -1 : 1));
  }

  /** Takes the warm sandbox that has been idle longest on any shelf but `shelf`. */
  oldestWarmBeside(shelf: Shelf): Sandbox | undefined {
    const [oldest] = this.byUrgency()
      .filter((other) => other !== shelf && other.warm.length > 0)
      .sort((a, b) => (a.warm[0]?.since ?? 0) - (b.warm[0]?.since ?? 0));
    return oldest?.warm.shift()?.sandbox;
  }

  /** Takes what has been idle for too long, and forgets the profiles nobody uses. */
  takeIdle(now: number): Sandbox[] {
    const idle: Sandbox[] = [];
    for (const [key, shelf] of this.#shelves) {
      if (shelf !== this.#default && now - shelf.lastUse > this.#idle) shelf.wanted = 0;
      while (shelf.warm.length > shelf.wanted) {
        const [oldest] = shelf.warm;
        if (oldest === undefined || now - oldest.since <= this.#idle) break;
        shelf.warm.shift();
        idle.push(oldest.sandbox);
      }
      const empty = shelf.warm.length + shelf.waiting.length + shelf.starting === 0;
      if (shelf.wanted === 0 && empty && shelf !== this.#default) this.#shelves.delete(key);
    }
    return idle;
  }

  /** Takes every warm sandbox and turns everybody who waits away. */
  clear(reason: IsolateError): Sandbox[] {
    const all: Sandbox[] = [];
    for (const shelf of this.#shelves.values()) {
      all.push(...shelf.warm.splice(0).map((item) => item.sandbox));
      for (const waiter of shelf.waiting.splice(0)) waiter.reject(reason);
    }
    return all;
  }

  #sum(count: (shelf: Shelf) => number): number {
    let total = 0;
    for (const shelf of this.#shelves.values()) total += count(shelf);
    return total;
  }
}
