import type { DatabaseTarget } from "../protocol/database-target.ts";
import type { Backend } from "./backend.ts";
import { formatDatabaseHost } from "./database-url.ts";
import type { SessionFiles } from "./session-files.ts";
import { type OnSurvivor, Terminator } from "./terminator.ts";

/**
 * The state of a role at a server. It stays while the role is in use or one of its sessions lives
 * on.
 */
interface Role {
  readonly terminator: Terminator;
  /** Number of connections, open or being opened, and of targets with connections made ahead. */
  uses: number;
}

export interface RolesOptions {
  /** The files that list open sessions. */
  readonly files: SessionFiles | undefined;
  readonly onSurvivor: OnSurvivor;
  /** Ends the connections made ahead for a role. */
  readonly makeRoom: (role: string) => Promise<void>;
}

/**
 * The roles in use, with the terminator of each. Also holds the sessions that an earlier process
 * left.
 */
export class Roles {
  readonly #options: RolesOptions;
  readonly #roles = new Map<string, Role>();
  /** Sessions that an earlier process left, until their role is used again. */
  #orphans: readonly Backend[] = [];
  /** Resolves once those sessions are read. Rejects if that fails. */
  readonly started: Promise<void>;

  constructor(options: RolesOptions) {
    this.#options = options;
    this.started = this.#readOrphans();
    // `take()` awaits this promise and gets the error.
    this.started.catch(() => {});
  }

  /** Number of sessions known to outlive their execution. */
  get survivors(): number {
    const counts = [...this.#roles.values()].map(({ terminator }) => terminator.survivors);
    return counts.reduce((sum, count) => sum + count, this.#orphans.length);
  }

  /** Returns the terminator of a role in use. */
  terminator(key: string): Terminator | undefined {
    return this.#roles.get(key)?.terminator;
  }

  /** Keeps the role of a target until `leave()` is called as often. */
  use(target: DatabaseTarget): Terminator {
    const key = roleOf(target);
    const role = this.#roles.get(key) ?? { terminator: this.#make(target, key), uses: 0 };
    role.uses += 1;
    role.terminator.use(target);
    this.#roles.set(key, role);
    return role.terminator;
  }

  leave(key: string): void {
    const role = this.#roles.get(key);
    if (role === undefined) return;
    role.uses -= 1;
    this.#tidy(key);
  }

  /**
   * Hands the role's sessions of an earlier process to its terminator, before a new one is opened.
   */
  adoptOrphans(target: DatabaseTarget, terminator: Terminator): void {
    if (this.#orphans.length === 0) return;
    const hosts = target.hosts.map(formatDatabaseHost);
    const isTheirs = ({ host, user }: Backend): boolean =>
      user === target.user && hosts.includes(formatDatabaseHost(host));
    for (const backend of this.#orphans.filter(isTheirs)) terminator.add(backend, true);
    this.#orphans = this.#orphans.filter((backend) => !isTheirs(backend));
  }

  /** Ends all sessions it can and reports the others. */
  async close(): Promise<void> {
    const all = [...this.#roles.values()];
    const left = await Promise.all(all.map(({ terminator }) => terminator.close()));
    for (const backend of left.flat()) {
      const reason = "nobody tries to end it any more until the next start";
      this.#options.onSurvivor(backend, "running", reason);
    }
  }

  #make(target: DatabaseTarget, key: string): Terminator {
    const { onSurvivor, makeRoom, files } = this.#options;
    return new Terminator(target, {
      onSurvivor,
      makeRoom: () => makeRoom(key),
      onGone: (backend) => {
        void files?.remove(backend);
        this.#tidy(key);
      },
    });
  }

  #tidy(key: string): void {
    const role = this.#roles.get(key);
    if (role === undefined || role.uses > 0 || !role.terminator.idle) return;
    this.#roles.delete(key);
    void role.terminator.close();
  }

  async #readOrphans(): Promise<void> {
    this.#orphans = (await this.#options.files?.left()) ?? [];
    for (const backend of this.#orphans) {
      this.#options.onSurvivor(backend, "running", "it was open when the process before ended");
    }
  }
}

/** Returns the key of a target's role. A server has one role for all its databases. */
export function roleOf({ hosts, user }: DatabaseTarget): string {
  return JSON.stringify([user, ...hosts.map(formatDatabaseHost)]);
}
