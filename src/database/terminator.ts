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
/** Milliseconds after an attempt in which its outcome is the answer to whoever asks. */
const FRESH = 500;
/** Times that room for the control connection is asked for, and milliseconds between two of them. */
const ROOM_ATTEMPTS = 4;
const ROOM_EVERY = 50;
/** Milliseconds after which a server that was looked for all the time is taken for one that is away. */
const AWAY_AFTER = 300_000;

/** Tells that a backend outlives its execution, or does so no more. */
export type OnSurvivor = (backend: Backend, state: "running" | "ended", reason: string) => void;

export interface TerminatorOptions {
  readonly onSurvivor: OnSurvivor;
  /** Told of each backend that is seen to be gone. */
  readonly onGone: (backend: Backend) => void;
  /** Gives up what takes connections of the role that nobody uses; resolves once they are closed. */
  readonly makeRoom: () => Promise<unknown>;
}

/** A session of an earlier execution is still at work, and nobody could end it: no new one is begun. */
export class StillRunning extends Error {
  override readonly name = "StillRunning";
  /** `object_in_use`, as SQLSTATE has it. */
  readonly code = "55006";
}

/** Ends what the server goes on with for one role, for as long as that takes. */
export class Terminator {
  #target: DatabaseTarget;
  readonly #options: TerminatorOptions;
  readonly #controls = new Controls();
  /** Since when a server has not been met, though others answer at its address; by `serverOf`. */
  readonly #missed = new Map<string, number>();
  /** What is to be ended, by its name; with whether somebody was told that it lives on. */
  readonly #left = new Map<string, { readonly backend: Backend; told: boolean }>();
  #attempt: Promise<void> | undefined;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  /** Why the last attempt has failed, unless it was that nobody could be reached. */
  #reason = "";
  #wait = FIRST_RETRY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(target: DatabaseTarget, options: TerminatorOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Whether nothing is left to be ended. */
  get idle(): boolean {
    return this.#left.size === 0;
  }

  /** Whether there is a control connection. */
  get controlled(): boolean {
    return this.#controls.any;
  }

  /** Backends that outlive their execution. */
  get survivors(): number {
    return [...this.#left.values()].filter(({ told }) => told).length;
  }

  /** Has the password that is known last used from now on. */
  use(target: DatabaseTarget): void {
    this.#target = target;
  }

  /** Opens the control connection to a place, if there is none. Never rejects: it may be refused. */
  async prepare(place: ServerAddress | Backend | undefined): Promise<void> {
    if (place !== undefined) await this.#controls.at(place, this.#target).catch(() => {});
  }

  /** Gives up the connections that are kept. */
  async yieldControl(): Promise<void> {
    await this.#controls.close();
  }

  /** Rejects with `StillRunning` while something of the role's outlives its execution. */
  async clear(): Promise<void> {
    if (this.#left.size === 0) return;
    const isFresh = performance.now() - this.#attemptedAt < FRESH;
    if (!isFresh || this.#attempt !== undefined) await this.#try();
    if (this.survivors === 0 || this.#reason === "") return;
    throw new StillRunning(
      `A statement of an earlier execution still runs on the server and could not be ended; no connection is made until it is: ${this.#reason}`,
    );
  }

  /** Has a backend ended: at once if that can be done, and else as soon as it can. Never rejects. */
  async end(backend: Backend): Promise<void> {
    this.add(backend);
    // One that is under way may not know of this one.
    await this.#attempt;
    if (this.#left.has(nameOf(backend))) await this.#try();
  }

  /** Notes a backend that is to be ended with the next attempt; `told` if it is known to live on. */
  add(backend: Backend, told = false): void {
    this.#left.set(nameOf(backend), { backend, told });
  }

  /** Ends the control connections; says what outlives that. */
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

  /** Has backends of one server ended. */
  async #tryAt(backends: readonly Backend[]): Promise<void> {
    // A server that was started after the last of them was started after all of them.
    const last = backends.reduce((one, other) => (one.start > other.start ? one : other));
    let stays = backends;
    let reason = "it does not end";
    try {
      stays = await this.#terminate(backends, last);
      if (stays.length > 0) this.#reason = reason;
    } catch (error) {
      reason = messageOf(error);
      // With a server that cannot be reached nobody can begin anything either.
      if (isServers(error) || !this.#isAway(error, serverOf(last))) this.#reason = reason;
    }
    for (const backend of backends) this.#note(backend, stays.includes(backend), reason);
  }

  /** One that was kept may have been cut off since it was last used: another one is made then, once. */
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

  /** A place that is free by now may have been taken by what is made ahead, or by a process on its way out. */
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

  /** Whether nobody was there: after a while also a server whose address another one has taken over. */
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

/** Whether an error is one of the network's: nobody was there. */
function isNetworks(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  const isSystems = typeof code === "string" && typeof syscall === "string";
  return isSystems || messageOf(error) === "timeout expired";
}
