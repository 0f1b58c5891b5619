import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../base/errors.ts";
import type { DatabaseTarget } from "../protocol/database-target.ts";
import { type Backend, nameOf } from "./backend.ts";
import type { Control } from "./control.ts";
import { Controls, Elsewhere, keyOf } from "./controls.ts";
import { codeOf, isServers, NO_ROOM } from "./login.ts";
import type { ServerAddress } from "./server-addresses.ts";

const FIRST_RETRY = 1_000;
const LAST_RETRY = 30_000;
/** Milliseconds for which the result of an attempt answers further calls. */
const FRESH = 500;
/** Attempts to get room for the control connection, and milliseconds between two of them. */
const ROOM_ATTEMPTS = 4;
const ROOM_EVERY = 50;
/** Milliseconds after which a server that is never reached counts as gone. */
const AWAY_AFTER = 300_000;

/** Reports that a backend outlives its execution, or that it has ended at last. */
export type OnSurvivor = (backend: Backend, state: "running" | "ended", reason: string) => void;

export interface TerminatorOptions {
  readonly onSurvivor: OnSurvivor;
  /** Receives each backend that is found gone. */
  readonly onGone: (backend: Backend) => void;
  /** Closes unused connections of the role. Resolves once they are closed. */
  readonly makeRoom: () => Promise<unknown>;
}

/**
 * A session of an earlier execution still runs and could not be ended. No new session is opened.
 */
export class StillRunning extends Error {
  override readonly name = "StillRunning";
  /** SQLSTATE `object_in_use`. */
  readonly code = "55006";
}

/** Ends the backends of one role, with retries until all are gone. */
export class Terminator {
  #target: DatabaseTarget;
  readonly #options: TerminatorOptions;
  readonly #controls = new Controls();
  /** Server (`serverOf`) → time since when only other servers answer at its address. */
  readonly #missed = new Map<string, number>();
  /** Backends to end, by name. `told` is true once a backend was reported as a survivor. */
  readonly #left = new Map<string, { readonly backend: Backend; told: boolean }>();
  #attempt: Promise<void> | undefined;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  /** Reason of the last attempt's failure. Empty if the server was out of reach. */
  #reason = "";
  #wait = FIRST_RETRY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(target: DatabaseTarget, options: TerminatorOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** True if no backend is left to end. */
  get idle(): boolean {
    return this.#left.size === 0;
  }

  /** True if there is a control connection. */
  get controlled(): boolean {
    return this.#controls.any;
  }

  /** Number of backends that outlive their execution. */
  get survivors(): number {
    return [...this.#left.values()].filter(({ told }) => told).length;
  }

  /** Sets the target, with the latest known password. */
  use(target: DatabaseTarget): void {
    this.#target = target;
  }

  /**
   * Opens the control connection to a place, if there is none. Never rejects: a refusal is allowed.
   */
  async prepare(place: ServerAddress | Backend | undefined): Promise<void> {
    if (place !== undefined) await this.#controls.at(place, this.#target).catch(() => {});
  }

  /** Closes the control connections. */
  async yieldControl(): Promise<void> {
    await this.#controls.close();
  }

  /**
   * Tries to end the role's backends.
   *
   * @throws {StillRunning} While one of them outlives its execution.
   */
  async clear(): Promise<void> {
    if (this.#left.size === 0) return;
    const isFresh = performance.now() - this.#attemptedAt < FRESH;
    if (!isFresh || this.#attempt !== undefined) await this.#try();
    if (this.survivors === 0 || this.#reason === "") return;
    throw new StillRunning(
      `A statement of an earlier execution still runs on the server and could not be ended; no connection is made until it is: ${this.#reason}`,
    );
  }

  /** Ends a backend at once if possible, and else by retries. Never rejects. */
  async end(backend: Backend): Promise<void> {
    this.add(backend);
    // An attempt under way may not include this backend.
    await this.#attempt;
    if (this.#left.has(nameOf(backend))) await this.#try();
  }

  /**
   * Adds a backend for the next attempt. `told` means that it is known to outlive its execution.
   */
  add(backend: Backend, told = false): void {
    this.#left.set(nameOf(backend), { backend, told });
  }

  /** Ends the control connections. Resolves with the backends that are left. */
  async close(): Promise<Backend[]> {
    if (this.#left.size > 0) await this.#try();
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.yieldControl();
    return [...this.#left.values()].map(({ backend }) => backend);
  }

  #try(): Promise<void> {
    this.#attempt ??= this.#tryAll().finally(() => {
      this.#attempt = undefined;
      this.#attemptedAt = performance.now();
    });
    return this.#attempt;
  }

  async #tryAll(): Promise<void> {
    this.#reason = "";
    const backends = [...this.#left.values()].map(({ backend }) => backend);
    for (const server of new Set(backends.map(serverOf))) {
      await this.#tryAt(backends.filter((backend) => serverOf(backend) === server));
    }
    if (this.#left.size === 0) this.#wait = FIRST_RETRY;
    else this.#schedule();
  }

  /** Ends the backends of one server. */
  async #tryAt(backends: readonly Backend[]): Promise<void> {
    // If a server has started after the last one, it has started after all of them.
    const last = backends.reduce((one, other) => (one.start > other.start ? one : other));
    let stays = backends;
    let reason = "it does not end";
    try {
      stays = await this.#terminate(backends, last);
      if (stays.length > 0) this.#reason = reason;
    } catch (error) {
      reason = messageOf(error);
      // A server that cannot be reached starts no new session either, so none is refused here.
      if (isServers(error) || !this.#isAway(error, serverOf(last))) this.#reason = reason;
    }
    for (const backend of backends) this.#note(backend, stays.includes(backend), reason);
  }

  /**
   * Terminates backends. A kept control connection may have been cut off, so a failure is retried
   * once with a new one.
   */
  async #terminate(backends: readonly Backend[], last: Backend): Promise<readonly Backend[]> {
    const control = await this.#controlWithRoom(last);
    this.#missed.delete(serverOf(last));
    try {
      return await control.terminate(backends);
    } catch {
      await control.close();
      return await (await this.#controlWithRoom(last)).terminate(backends);
    }
  }

  /**
   * Gets a control connection. Retries while there is no room: a spare connection, or a process
   * that is ending, may hold the place.
   */
  async #controlWithRoom(backend: Backend): Promise<Control> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#controls.at(backend, this.#target);
      } catch (error) {
        if (codeOf(error) !== NO_ROOM || attempt === ROOM_ATTEMPTS) throw error;
        await this.#options.makeRoom();
        await sleep(ROOM_EVERY);
      }
    }
  }

  #note(backend: Backend, stays: boolean, reason: string): void {
    const name = nameOf(backend);
    const entry = this.#left.get(name);
    if (entry === undefined) return;
    if (!stays) {
      this.#left.delete(name);
      this.#options.onGone(backend);
    }
    if (entry.told === stays) return;
    entry.told = stays;
    this.#options.onSurvivor(backend, stays ? "running" : "ended", reason);
  }

  #schedule(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#try(), this.#wait).unref();
    this.#wait = Math.min(2 * this.#wait, LAST_RETRY);
  }

  /**
   * Tests whether a failure means that the server is away. After 5 min this includes a server whose
   * address another one has taken over.
   */
  #isAway(error: unknown, server: string): boolean {
    if (!(error instanceof Elsewhere)) return isNetworks(error);
    const since = this.#missed.get(server) ?? performance.now();
    this.#missed.set(server, since);
    return performance.now() - since > AWAY_AFTER;
  }
}

function serverOf(backend: Backend): string {
  return `${keyOf(backend)} ${backend.server}`;
}

/** Tests whether an error is of the network, so that no server has answered. */
function isNetworks(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  const isSystems = typeof code === "string" && typeof syscall === "string";
  return isSystems || messageOf(error) === "timeout expired";
}
