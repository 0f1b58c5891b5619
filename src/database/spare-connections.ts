import { setTimeout as sleep } from "node:timers/promises";
import type { Resolver } from "../dns/resolve.ts";
import type { DatabaseTarget } from "../protocol/database-target.ts";
import type { Backend } from "./backend.ts";
import { codeOf, NO_ROOM } from "./login.ts";
import { Logins } from "./logins.ts";
import { ReadyConnections } from "./ready-connections.ts";
import { Roles, roleOf } from "./roles.ts";
import { type Find, ServerAddresses } from "./server-addresses.ts";
import { ServerConnection } from "./server-connection.ts";
import { SessionFiles } from "./session-files.ts";
import type { OnSurvivor, Terminator } from "./terminator.ts";

/** Attempts to get the only connection of a role, and milliseconds between two of them. */
const ALONE_ATTEMPTS = 4;
const ALONE_EVERY = 50;

export interface SpareConnectionsOptions {
  /** Directory of the list of open sessions, for the next process. Default: none. */
  readonly directory?: string;
  /** Receives each session that outlives its execution, and its end. Default: no listener. */
  readonly onSurvivor?: OnSurvivor;
  /** Default: the operating system's name servers. */
  readonly resolver?: Resolver;
}

/**
 * Opens connections ahead, because authentication takes longer than most queries. Hands out each
 * once, so that no two executions share a session.
 */
export class SpareConnections {
  readonly #ready: ReadyConnections;
  readonly #roles: Roles;
  readonly #roleOf = new Map<ServerConnection, string>();
  readonly #logins = new Logins();
  readonly #places: ServerAddresses;
  readonly #files: SessionFiles | undefined;
  /** Work that `close` waits for. */
  readonly #pending = new Set<Promise<unknown>>();
  #closed = false;

  constructor({ directory, onSurvivor = () => {}, resolver }: SpareConnectionsOptions = {}) {
    this.#places = new ServerAddresses(resolver);
    this.#files = directory === undefined ? undefined : new SessionFiles(directory);
    const makeRoom = (role: string) => this.#makeRoom(role);
    this.#roles = new Roles({ files: this.#files, onSurvivor, makeRoom });
    this.#ready = new ReadyConnections({
      connect: (target) => this.#connect(target, this.#places.finder(roleOf(target))),
      end: (connection) => void this.end(connection, false),
      onKept: (target) => void this.#roles.use(target),
      onDropped: (target) => this.#roles.leave(roleOf(target)),
      track: (work) => this.#track(work),
    });
  }

  /** Number of sessions known to outlive their execution. */
  get survivors(): number {
    return this.#roles.survivors;
  }

  /**
   * Returns an unused connection.
   *
   * @throws {Error} As a login does.
   * @throws {StillRunning} While a session of the role outlives its execution.
   */
  async take(target: DatabaseTarget): Promise<ServerConnection> {
    const terminator = this.#roles.use(target);
    try {
      await this.#roles.started;
      this.#roles.adoptOrphans(target, terminator);
      await terminator.clear();
      const ready = this.#ready.take(target);
      // The control connection comes before code, which may change the role's password or use up
      // its connections.
      const find = this.#places.finder(roleOf(target));
      const prepared = prepare(terminator, target, find, ready);
      const connection = ready ?? (await this.#connectWithRoom(target, terminator, find, prepared));
      await prepared;
      await terminator.prepare(connection.backend);
      return connection;
    } finally {
      this.#roles.leave(roleOf(target));
    }
  }

  /** Notes the use of a target, and opens connections ahead if it is used often. */
  refill(target: DatabaseTarget): void {
    if (this.#closed) return;
    const terminator = this.#roles.terminator(roleOf(target));
    // A connection could not be handed out now, so none is kept ready.
    if (terminator?.survivors) return;
    // A role without room for the control connection has no room for a spare one.
    this.#ready.note(target, terminator?.controlled === true);
  }

  /** Ends a connection, used or not. `close()` waits for that. Never rejects. */
  end(connection: ServerConnection, busy: boolean): Promise<void> {
    const ended = this.#end(connection, busy);
    this.#track(ended);
    return ended;
  }

  /** Ends everything. Sessions that cannot be ended are left to the next process. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#places.close();
    this.#ready.close();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    await this.#roles.close();
    await this.#files?.close();
  }

  /** Tests whether an execution has a connection of the role. */
  #isUsed(role: string): boolean {
    return [...this.#roleOf].some(
      ([connection, its]) => its === role && !this.#ready.has(connection),
    );
  }

  /** Ends the ready connections of a role. Resolves once the server has closed them. */
  async #makeRoom(role: string): Promise<void> {
    const given = this.#ready.takeAll(role);
    for (const connection of given) void this.end(connection, false);
    await Promise.all(given.map(({ closed }) => closed));
  }

  /**
   * Connects. If the role has room for one connection only, code gets it and the control connection
   * is closed.
   */
  async #connectWithRoom(
    target: DatabaseTarget,
    terminator: Terminator,
    find: Find,
    prepared: Promise<void>,
  ): Promise<ServerConnection> {
    try {
      return await this.#connect(target, find);
    } catch (error) {
      await prepared;
      if (codeOf(error) !== NO_ROOM || this.#isUsed(roleOf(target))) throw error;
      await terminator.yieldControl();
      return this.#connectAlone(target, find);
    }
  }

  /**
   * Retries while there is no room. Two refused connections count at the server until their
   * processes have ended.
   */
  async #connectAlone(target: DatabaseTarget, find: Find): Promise<ServerConnection> {
    for (let attempt = 1; ; attempt += 1) {
      // A connection made ahead may have taken the place.
      const ready = this.#ready.take(target);
      if (ready !== undefined) return ready;
      await this.#makeRoom(roleOf(target));
      try {
        return await this.#connect(target, find);
      } catch (error) {
        if (codeOf(error) !== NO_ROOM || attempt === ALONE_ATTEMPTS) throw error;
        await sleep(ALONE_EVERY);
      }
    }
  }

  async #connect(target: DatabaseTarget, find: Find): Promise<ServerConnection> {
    const key = roleOf(target);
    const connection = await this.#logins.take(key, () =>
      ServerConnection.connect(target, find, (backend) => this.#track(this.#lost(backend, key))),
    );
    this.#roleOf.set(connection, key);
    this.#roles.use(target);
    try {
      await this.#files?.add(connection.backend);
    } catch (error) {
      void this.end(connection, false);
      throw error;
    }
    return connection;
  }

  /**
   * Ends the backend of a failed login. No execution has it, but the server may be at work for it.
   */
  async #lost(backend: Backend, key: string): Promise<void> {
    const terminator = this.#roles.terminator(key);
    terminator?.add(backend);
    await this.#files?.add(backend).catch(() => {});
    await terminator?.end(backend);
  }

  async #end(connection: ServerConnection, busy: boolean): Promise<void> {
    const key = this.#roleOf.get(connection);
    // It has been ended before.
    if (key === undefined) return;
    this.#roleOf.delete(connection);
    const { backend } = connection;
    const isGone = await connection.end(busy);
    if (isGone) await this.#files?.remove(backend);
    else await this.#roles.terminator(key)?.end(backend);
    this.#roles.leave(key);
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }
}

/**
 * Opens the control connection at the server that the code's connection has, or is most likely to
 * get.
 */
async function prepare(
  terminator: Terminator,
  { hosts }: DatabaseTarget,
  find: Find,
  ready: ServerConnection | undefined,
): Promise<void> {
  if (ready !== undefined) return terminator.prepare(ready.backend);
  const [first] = hosts;
  const places = first === undefined ? [] : await find(first).catch(() => []);
  await terminator.prepare(places[0]);
}
