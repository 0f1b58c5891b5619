import type { Logs, LogsRow } from "../store/contract/logs.ts";

/** Ids that are remembered. Beyond them, rows are left out, so that those told are new. */
const MOST_KNOWN = 2_000;
/**
 * Milliseconds of the store's time that are looked at again, because a statement may be seen later
 * than one that began after it.
 */
const AGAIN_MS = 10_000;

/** Looks for what other servers have written of a function's logs, each execution once. */
export class OthersLogs {
  readonly #store: Logs;
  readonly #tenant: string;
  readonly #asked: { readonly function: string; readonly except: string };
  #began: number | undefined;
  #since: Date | undefined;
  /** Ids that were returned, with the store's time of their writing. */
  readonly #known = new Map<string, number>();

  constructor(store: Logs, tenant: string, name: string, server: string) {
    this.#store = store;
    this.#tenant = tenant;
    this.#asked = { function: name, except: server };
  }

  /** Returns what has been written since the first look. */
  async look(): Promise<LogsRow[]> {
    const known = [...this.#known.keys()];
    const asked = { ...this.#asked, since: this.#since, known };
    const { at, rows } = await this.#store.written(this.#tenant, asked);
    if (this.#known.size > MOST_KNOWN) this.#began = undefined;
    this.#began ??= at.getTime();
    for (const { id, recordedAt } of rows) this.#known.set(id, recordedAt.getTime());
    const last = rows.at(-1)?.recordedAt.getTime() ?? at.getTime();
    // Further rows may wait behind the last one.
    const since = Math.max(this.#began, Math.min(last, at.getTime()) - AGAIN_MS);
    this.#since = new Date(since);
    for (const [id, time] of this.#known) if (time < since) this.#known.delete(id);
    return rows;
  }
}
