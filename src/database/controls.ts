import type { DatabaseTarget } from "../protocol/database-target.ts";
import type { Backend } from "./backend.ts";
import { Control } from "./control.ts";
import { formatDatabaseHost } from "./database-url.ts";
import type { ServerAddress } from "./server-addresses.ts";

/** Most connections that are opened to reach the right server behind an address. */
const MOST_TRIES = 4;

/** Every connection to a backend's address reached another server than the backend's. */
export class Elsewhere extends Error {
  override readonly name = "Elsewhere";
}

/** The server to reach: a backend's, or any at a place. */
export type ServerToControl = ServerAddress & Partial<Pick<Backend, "server" | "start">>;

/**
 * The control connections of a role: one to each server behind each address. A load balancer may
 * own an address. Its next connection then reaches another server, which does not know the first
 * one's sessions.
 */
export class Controls {
  readonly #open = new Map<string, Control[]>();
  readonly #opening = new Map<string, Promise<Control>>();

  /** True if a control connection can be used at once. */
  get any(): boolean {
    return [...this.#open.values()].flat().some(({ alive }) => alive);
  }

  /**
   * Returns the kept connection, or opens one.
   *
   * @throws {Error} As a login does.
   * @throws {Elsewhere} If only other servers are reached.
   */
  async at(wanted: ServerToControl, target: DatabaseTarget): Promise<Control> {
    const key = keyOf(wanted);
    for (let tries = 0; ; tries += 1) {
      const kept = this.#open.get(key)?.find((control) => isAt(control, wanted));
      if (kept !== undefined) return kept;
      if (tries === MOST_TRIES) {
        throw new Elsewhere("The connections to its address lead to another server");
      }
      const opened = await this.#opened(wanted, key, target);
      if (isAt(opened, wanted)) return opened;
    }
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    const all = [...this.#open.values()].flat();
    this.#open.clear();
    await Promise.all(all.map((control) => control.close()));
  }

  /** Opens one connection for all concurrent callers. */
  #opened(place: ServerAddress, key: string, target: DatabaseTarget): Promise<Control> {
    const known = this.#opening.get(key);
    if (known !== undefined) return known;
    const opening = this.#add(place, key, target).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  async #add(place: ServerAddress, key: string, target: DatabaseTarget): Promise<Control> {
    const control = await Control.open(place, target);
    const kept = (this.#open.get(key) ?? []).filter(({ alive }) => alive);
    const same = kept.find(({ server }) => server === control.server);
    if (same === undefined) kept.push(control);
    else await control.close();
    this.#open.set(key, kept);
    return same ?? control;
  }
}

/**
 * Tests whether a control connection can report on a backend. A server with a later start than the
 * backend is either the backend's, restarted, or one that cannot have it.
 */
function isAt(control: Control, { server = "", start = "" }: ServerToControl): boolean {
  if (!control.alive) return false;
  return server === "" || control.server === server || (start !== "" && control.server > start);
}

/** Returns the dialled address of a place as one text. */
export function keyOf({ address, host }: ServerAddress): string {
  return formatDatabaseHost({ host: address, port: host.port });
}
