import type { DatabaseTarget } from "../protocol/database-target.ts";
import type { Backend } from "./backend.ts";
import { Control } from "./control.ts";
import { formatDatabaseHost } from "./database-url.ts";
import type { ServerAddress } from "./server-addresses.ts";

/** Connections that are made to meet the right one of the servers behind an address. */
const MOST_TRIES = 4;

/** Every connection to a backend's address leads to another server than the backend's. */
export class Elsewhere extends Error {
  override readonly name = "Elsewhere";
}

/** Whose server is to be met: a backend, or just a place. */
export type ServerToControl = ServerAddress & Partial<Pick<Backend, "server" | "start">>;

/**
 * The control connections of a role: one to each server behind each address. An address may be a
 * balancer's, behind which the next connection is at another server that knows nothing of the first's.
 */
export class Controls {
  readonly #open = new Map<string, Control[]>();
  readonly #opening = new Map<string, Promise<Control>>();

  /** Whether there is one that can be used at once. */
  get any(): boolean {
    return [...this.#open.values()].flat().some(({ alive }) => alive);
  }

  /** The connection that is kept, or a new one. Rejects as a login does, and with `Elsewhere`. */
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

  /** Gives all of them up. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    const all = [...this.#open.values()].flat();
    this.#open.clear();
    await Promise.all(all.map((control) => control.close()));
  }

  /** Opens one for everybody who asks meanwhile. */
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
 * Whether a control can tell of a backend. A server that was started after the backend is its own,
 * started anew, or one that cannot have it.
 */
function isAt(control: Control, { server = "", start = "" }: ServerToControl): boolean {
  if (!control.alive) return false;
  return server === "" || control.server === server || (start !== "" && control.server > start);
}

/** The address a place is dialled at, as one text. */
export function keyOf({ address, host }: ServerAddress): string {
  return formatDatabaseHost({ host: address, port: host.port });
}
