import { setTimeout as sleep } from "node:timers/promises";
import type { Resolver } from "../dns/resolve.ts";
import type { DatabaseTarget } from "../protocol/database-target.ts";
import type { Backend } from "./backend.ts";
import { codeOf, NO_ROOM } from "./login.ts";
import { Logins } from "./logins.ts";
import { type Find, ServerAddresses } from "./server-addresses.ts";
import { ServerConnection } from "./server-connection.ts";
import { SessionFiles } from "./session-files.ts";
import { formatDatabaseHost } from "./target.ts";
import { type OnSurvivor, Terminator } from "./terminator.ts";

/** Connections kept ready for a target that is used often. */
const AHEAD = 2;
/** A target is used often if it was used twice within this time, which is also how long it is kept ready. */
const RECENT = 30_000;
/** Times that the only connection of a role is asked for, and milliseconds between two of them. */
const ALONE_ATTEMPTS = 4;
const ALONE_EVERY = 50;

interface Shelf {
  readonly role: string;
  readonly ready: Set<ServerConnection>;
  opening: number;
  expiry: NodeJS.Timeout;
}

/** What is kept of a role at a server, for as long as it is in use or something of it lives on. */
interface Role {
  readonly terminator: Terminator;
  /** Connections that there are or will be, and shelves. */
  uses: number;
}

export interface SpareConnectionsOptions {
  /** Where open sessions are noted for the process that comes after this one. Default: nowhere. */
  readonly directory?: string;
  /** Told of each session that outlives its execution, and of its end. Default: nobody. */
  readonly onSurvivor?: OnSurvivor;
  /** Default: the operating system's name servers. */
  readonly resolver?: Resolver;
}

/**
 * Connections made ahead: authentication takes longer than most queries. Each of them is handed
 * out once, so that no session is ever used by two executions.
 */
export class SpareConnections {
  readonly #shelves = new Map<string, Shelf>();
  readonly #roles = new Map<string, Role>();
  readonly #roleOf = new Map<ServerConnection, string>();
  readonly #logins = new Logins();
  readonly #places: ServerAddresses;
  readonly #files: SessionFiles | undefined;
  readonly #onSurvivor: OnSurvivor;
  /** What a process before this one has left, until its role is used again. */
  #orphans: readonly Backend[] = [];
  readonly #started: Promise<void>;
  /** Work that `close` waits for. */
  readonly #pending = new Set<Promise<unknown>>();
  #closed = false;

  constructor({ directory, onSurvivor = () => {}, resolver }: SpareConnectionsOptions = {}) {
    this.#places = new ServerAddresses(resolver);
    this.#onSurvivor = onSurvivor;
    this.#files = directory === undefined ? undefined : new SessionFiles(directory);
    this.#started = this.#readOrphans();
    // Whoever takes a connection hears of it.
    this.#started.catch(() => {});
  }

  /** Sessions that outlive their execution, as far as is known. */
  get survivors(): number {
    const counts = [...this.#roles.values()].map(({ terminator }) => terminator.survivors);
    return counts.reduce((sum, count) => sum + count, this.#orphans.length);
  }

  /**
   * A connection that nobody has used; rejects as a login does, and with `StillRunning` while a session
   * of the role outlives its execution.
   */
  async take(target: DatabaseTarget): Promise<ServerConnection> {
    const role = this.#use(target);
    try {
      await this.#started;
      this.#adoptOrphans(target, role);
      await role.terminator.clear();
      const ready = this.#ready(target);
      // It is there before code is: that may change the role's password, or use up its connections.
      const find = this.#places.finder(roleOf(target));
      const prepared = prepare(role.terminator, target, find, ready);
      const serverConnection = ready ?? (await this.#connectWithRoom(target, role, find, prepared));
      await prepared;
      await role.terminator.prepare(serverConnection.backend);
      return serverConnection;
    } finally {
      this.#leave(roleOf(target));
    }
  }

  /** A connection made ahead, which is whoever's asks from now on. */
  #ready(target: DatabaseTarget): ServerConnection | undefined {
    const profileSandboxes = this.#shelves.get(JSON.stringify(target));
    const ready = [...(profileSandboxes?.ready ?? [])].find(({ alive }) => alive);
    if (ready !== undefined) profileSandboxes?.ready.delete(ready);
    return ready;
  }

  /** Whether anybody has a connection of the role's. */
  #isUsed(role: string): boolean {
    const ahead = new Set(this.#shelvesOf(role).flatMap(({ ready }) => [...ready]));
    return [...this.#roleOf].some(
      ([serverConnection, its]) => its === role && !ahead.has(serverConnection),
    );
  }

  #shelvesOf(role: string): Shelf[] {
    return [...this.#shelves.values()].filter((profileSandboxes) => profileSandboxes.role === role);
  }

  /** Gives up what is ready for a role; resolves once the server has the places back. */
  async #makeRoom(role: string): Promise<void> {
    const given = this.#shelvesOf(role).flatMap(({ ready }) => {
      const all = [...ready];
      ready.clear();
      return all;
    });
    for (const serverConnection of given) void this.end(serverConnection, false);
    await Promise.all(given.map(({ closed }) => closed));
  }

  /** Notes that a target has been used, and makes connections ahead if that happens often. */
  refill(target: DatabaseTarget): void {
    if (this.#closed) return;
    const key = JSON.stringify(target);
    const profileSandboxes = this.#shelves.get(key);
    const terminator = this.#roles.get(roleOf(target))?.terminator;
    // Nothing is kept ready while it could not be handed out.
    if (terminator?.survivors) return;
    const expiry = setTimeout(() => this.#drop(key, target), RECENT).unref();
    if (profileSandboxes === undefined) {
      this.#use(target);
      this.#shelves.set(key, { role: roleOf(target), ready: new Set(), opening: 0, expiry });
      return;
    }
    clearTimeout(profileSandboxes.expiry);
    profileSandboxes.expiry = expiry;
    // A role that has no place for the control connection has none for one that nobody uses.
    if (!terminator?.controlled) return;
    while (profileSandboxes.ready.size + profileSandboxes.opening < AHEAD)
      this.#track(this.#add(profileSandboxes, target));
  }

  /** Ends a connection, whoever had it; `close` waits for that. Never rejects. */
  end(serverConnection: ServerConnection, busy: boolean): Promise<void> {
    const ended = this.#end(serverConnection, busy);
    this.#track(ended);
    return ended;
  }

  /** Ends all there is. What cannot be ended is left to the process that comes after this one. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#places.close();
    for (const [key, { ready }] of this.#shelves) {
      clearTimeout(this.#shelves.get(key)?.expiry);
      for (const serverConnection of ready) void this.end(serverConnection, false);
    }
    this.#shelves.clear();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    const left = await Promise.all(
      [...this.#roles.values()].map((role) => role.terminator.close()),
    );
    for (const backend of left.flat()) {
      this.#onSurvivor(backend, "running", "nobody tries to end it any more until the next start");
    }
    await this.#files?.close();
  }

  /** Where a role may have a single connection, that is the code's. */
  async #connectWithRoom(
    target: DatabaseTarget,
    { terminator }: Role,
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

  /** Two that began at once may both have been refused, and count until their processes have ended. */
  async #connectAlone(target: DatabaseTarget, find: Find): Promise<ServerConnection> {
    for (let attempt = 1; ; attempt += 1) {
      // A connection made ahead may have got the place.
      const ready = this.#ready(target);
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
    const serverConnection = await this.#logins.take(key, () =>
      ServerConnection.connect(target, find, (backend) => this.#track(this.#lost(backend, key))),
    );
    this.#roleOf.set(serverConnection, key);
    this.#use(target);
    try {
      await this.#files?.add(serverConnection.backend);
    } catch (error) {
      void this.end(serverConnection, false);
      throw error;
    }
    return serverConnection;
  }

  /** A login that failed on its way is nobody's, but the server may be at work for it. */
  async #lost(backend: Backend, key: string): Promise<void> {
    const terminator = this.#roles.get(key)?.terminator;
    terminator?.add(backend);
    await this.#files?.add(backend).catch(() => {});
    await terminator?.end(backend);
  }

  async #end(serverConnection: ServerConnection, busy: boolean): Promise<void> {
    const key = this.#roleOf.get(serverConnection);
    // It has been ended before.
    if (key === undefined) return;
    this.#roleOf.delete(serverConnection);
    const { backend } = serverConnection;
    const isGone = await serverConnection.end(busy);
    if (isGone) await this.#files?.remove(backend);
    else await this.#roles.get(key)?.terminator.end(backend);
    this.#leave(key);
  }

  #use(target: DatabaseTarget): Role {
    const key = roleOf(target);
    const known = this.#roles.get(key);
    const role = known ?? { terminator: this.#terminator(target, key), uses: 0 };
    role.uses += 1;
    role.terminator.use(target);
    this.#roles.set(key, role);
    return role;
  }

  #terminator(target: DatabaseTarget, key: string): Terminator {
    return new Terminator(target, {
      onSurvivor: this.#onSurvivor,
      makeRoom: () => this.#makeRoom(key),
      onGone: (backend) => {
        void this.#files?.remove(backend);
        this.#tidy(key);
      },
    });
  }

  #leave(key: string): void {
    const role = this.#roles.get(key);
    if (role === undefined) return;
    role.uses -= 1;
    this.#tidy(key);
  }

  #tidy(key: string): void {
    const role = this.#roles.get(key);
    if (role === undefined || role.uses > 0 || !role.terminator.idle) return;
    this.#roles.delete(key);
    void role.terminator.close();
  }

  async #readOrphans(): Promise<void> {
    this.#orphans = (await this.#files?.left()) ?? [];
    for (const backend of this.#orphans) {
      this.#onSurvivor(backend, "running", "it was open when the process before ended");
    }
  }

  /** What a process before this one has left of the role is ended before anything of it is begun. */
  #adoptOrphans(target: DatabaseTarget, { terminator }: Role): void {
    if (this.#orphans.length === 0) return;
    const hosts = target.hosts.map(formatDatabaseHost);
    const isTheirs = ({ host, user }: Backend): boolean =>
      user === target.user && hosts.includes(formatDatabaseHost(host));
    for (const backend of this.#orphans.filter(isTheirs)) terminator.add(backend, true);
    this.#orphans = this.#orphans.filter((backend) => !isTheirs(backend));
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  async #add(profileSandboxes: Shelf, target: DatabaseTarget): Promise<void> {
    profileSandboxes.opening += 1;
    try {
      const find = this.#places.finder(roleOf(target));
      const serverConnection = await this.#connect(target, find);
      const isWanted = this.#shelves.get(JSON.stringify(target)) === profileSandboxes;
      if (!isWanted) {
        void this.end(serverConnection, false);
        return;
      }
      profileSandboxes.ready.add(serverConnection);
      void serverConnection.closed.then(() => {
        // What has been handed out is ended by whoever has it.
        if (profileSandboxes.ready.delete(serverConnection)) void this.end(serverConnection, false);
      });
    } catch {
      // Whoever needs one hears of it.
    } finally {
      profileSandboxes.opening -= 1;
    }
  }

  #drop(key: string, target: DatabaseTarget): void {
    const profileSandboxes = this.#shelves.get(key);
    if (profileSandboxes === undefined) return;
    clearTimeout(profileSandboxes.expiry);
    this.#shelves.delete(key);
    for (const serverConnection of profileSandboxes.ready) void this.end(serverConnection, false);
    this.#leave(roleOf(target));
  }
}

/** Opens the control connection where the code's is or will be, as far as that is known. */
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

/** Whose sessions count as one's: a role is one for all databases of a server. */
function roleOf({ hosts, user }: DatabaseTarget): string {
  return JSON.stringify([user, ...hosts.map(formatDatabaseHost)]);
}
