const FIRST_PAUSE = 60_000;
const LAST_PAUSE = 3_600_000;
/** Most texts that are remembered. More of them begin anew. */
const MOST = 100;
/** Parts of a text that differ each time, such as ids of containers and durations. */
const VARYING = /[0-9a-f]{8,}|\d+/g;

/**
 * Decides when a fault that lasts is reported: at once, then after a minute, and after twice as long
 * each time, up to an hour.
 *
 * @example
 * const reminders = new Reminders();
 * [reminders.isDue("It is away", 0), reminders.isDue("It is away", 500)] // [true, false]
 */
export class Reminders {
  readonly #told = new Map<string, { readonly at: number; readonly pause: number }>();

  /** Tells whether a text is to be reported now, and notes that it is. */
  isDue(text: string, now = performance.now()): boolean {
    const key = text.replace(VARYING, "#");
    const last = this.#told.get(key);
    if (last !== undefined && now - last.at < last.pause) return false;
    if (this.#told.size >= MOST) this.#told.clear();
    const pause = last === undefined ? FIRST_PAUSE : Math.min(2 * last.pause, LAST_PAUSE);
    this.#told.set(key, { at: now, pause });
    return true;
  }

  /** Begins anew, because the fault is over. */
  clear(): void {
    this.#told.clear();
  }
}
