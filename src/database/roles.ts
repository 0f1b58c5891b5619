import type { DatabaseTarget } from "../protocol/database-target.ts";
import type { Backend } from "./backend.ts";
import { formatDatabaseHost } from "./database-url.ts";
import type { SessionFiles } from "./session-files.ts";
import { type OnSurvivor, Terminator } from "./terminator.ts";

/** What is kept of a role at a server, for as long as it is in use or something of it lives on. */
interface Role {
  readonly terminator: Terminator;
  /** Connections that there are or will be, and targets for which some are kept ready. */
  uses: number;
}

export interface RolesOptions {
  /** Where open sessions are noted. */
  readonly files: SessionFiles | undefined;
  readonly onSurvivor: OnSurvivor;
  /** Gives up what is ready for a role. */
  readonly makeRoom: (role: string) => Promise<void>;
}

/** The roles that are in use, each with what ends its sessions; and what an earlier process has left of any. */
export class Roles {
  readonly #options: RolesOptions;
  readonly #roles = new Map<string, Role>();
  /** What a process before this one has left, until its role is used again. */
  #orphans: readonly Backend[] = [];
  /** Rejects if what was left cannot be read. */
  readonly started: Promise<void>;

  constructor(options: RolesOptions) {
    this.#options = options;
    this.started = this.#readOrphans();
    // Whoever takes a connection hears of it.
    this.started.catch(() => {});
  }

  /** Sessions that outlive their execution, as far as is known. */
  get survivors(): number {
    const counts = [...this.#roles.values()].map(({ terminator }) => terminator.survivors);
    return counts.reduce((sum, count) => sum + count, this.#orphans.length);
  }

  /** What ends the sessions of a role that is in use. */
  terminator(key: string): Terminator | undefined {
    return this.#roles.get(key)?.terminator;
  }

  /** Has the role of a target be there until it is left as often as it was used. */
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

  /** What a process before this one has left of the role is ended before anything of it is begun. */
  adoptOrphans(target: DatabaseTarget, terminator: Terminator): void {
    if (this.#orphans.length === 0) return;
    const hosts = target.hosts.map(formatDatabaseHost);
    const isTheirs = ({ host, user }: Backend): boolean =>
      user === target.user && hosts.includes(formatDatabaseHost(host));
    for (const backend of this.#orphans.filter(isTheirs)) terminator.add(backend, true);
    this.#orphans = this.#orphans.filter((backend) => !isTheirs(backend));
  }

  /** Ends what it can, and tells of what it cannot. */
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

/** Whose sessions count as one's: a role is one for all databases of a server. */
export function roleOf({ hosts, user }: DatabaseTarget): string {
  return JSON.stringify([user, ...hosts.map(formatDatabaseHost)]);
}
