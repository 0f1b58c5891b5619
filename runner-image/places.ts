/** Connections of an execution that move bytes at a time. */
const MOVING = 32;
/** Connections that are open at a time. The proxy takes no more of an execution. */
const OPEN = 128;
/** Milliseconds without a byte after which a connection counts as quiet. */
const QUIET_MS = 500;
const LOOK_EVERY_MS = 100;
/** Time for which clients are taken to have waited, after one has: they were behind it. */
const BEHIND_MS = 1_000;

/** The place of one connection to the proxy. */
export interface Place {
  /** True if others were before it, so that its client may have gone meanwhile. */
  readonly waited: boolean;
  /** Notes that the connection has moved bytes. */
  moved(): void;
  /** Frees the place, once the connection is closed. */
  free(): void;
}

/**
 * Gives out the places of an execution's connections to the proxy, in the order in which they are
 * asked for. A connection without a place is not accepted, so waiting ones cost the proxy nothing.
 *
 * A connection that is quiet makes room for another one, and stays open. Otherwise connections that
 * a client keeps, and answers that code reads later, would hold up all others for good.
 */
export class Places {
  readonly #waiting: ((place: Place) => void)[] = [];
  /** Time of the last byte, for the connections that count as moving. */
  readonly #moving = new Map<Place, number>();
  #open = 0;
  #behindUntil = 0;
  #watch: ReturnType<typeof setInterval> | undefined;

  /** Resolves when there is a place. */
  take(): Promise<Place> {
    if (this.#waiting.length === 0 && this.#hasRoom()) return Promise.resolve(this.#place());
    this.#watch ??= setInterval(() => this.#dropQuiet(), LOOK_EVERY_MS);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #hasRoom(): boolean {
    return this.#moving.size < MOVING && this.#open < OPEN;
  }

  #place(): Place {
    const place: Place = {
      waited: performance.now() < this.#behindUntil,
      moved: () => {
        if (this.#moving.has(place)) this.#moving.set(place, performance.now());
      },
      free: () => {
        this.#open -= 1;
        this.#moving.delete(place);
        this.#admit();
      },
    };
    this.#open += 1;
    this.#moving.set(place, performance.now());
    return place;
  }

  #admit(): void {
    while (this.#hasRoom()) {
      const first = this.#waiting.shift();
      if (first === undefined) break;
      this.#behindUntil = performance.now() + BEHIND_MS;
      first(this.#place());
    }
    if (this.#waiting.length > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #dropQuiet(): void {
    const quiet = performance.now() - QUIET_MS;
    for (const [place, last] of this.#moving) if (last < quiet) this.#moving.delete(place);
    this.#admit();
  }
}
