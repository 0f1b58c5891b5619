import { Cron } from "croner";
import { BadRequest } from "../../src/base/errors.ts";

/** Names for five fields. */
const NAMES = /^@(hourly|daily|midnight|weekly|monthly|yearly|annually)$/i;
/** Names of IANA. An offset such as `+02:00` knows no daylight saving. */
const ZONE = /^[A-Za-z][\w+\-/]*$/;
/** Beginning of the messages of the package. */
const PREFIX = /^Cron\w*: /;

/** Times of a schedule in a time zone, as croner counts them. */
export class Times {
  readonly #cron: Cron;

  constructor(cron: string, timezone: string) {
    this.#cron = new Cron(cron.trim(), { paused: true, timezone, mode: "5-part" });
  }

  /** Returns the first time after another one, or null. */
  next(after: Date): Date | null {
    return this.#cron.nextRun(after);
  }

  /** Lists the next times. */
  following(after: Date, count: number): Date[] {
    return this.#cron.nextRuns(count, after);
  }

  /** Returns the last time until `now`, if there is one. */
  last(now: Date): Date | undefined {
    // The package leaves out the time of reference.
    return this.#cron.previousRuns(1, new Date(now.getTime() + 1))[0];
  }

  /** Returns the last time until `now`, if it is after `dueAt`; or else `dueAt`. */
  latest(dueAt: Date, now: Date): Date {
    const last = this.last(now);
    return last !== undefined && last > dueAt ? last : dueAt;
  }
}

/**
 * Reads times as a caller states them.
 *
 * @throws {BadRequest} For times that cannot be read, or that never come.
 */
export function readTimes(cron: string, timezone: string, now: Date): Times {
  const text = cron.trim();
  const fields = text === "" ? 0 : text.split(/\s+/).length;
  if (!NAMES.test(text) && fields !== 5) {
    const forms = "five fields (minute, hour, day, month, weekday), @hourly, @daily, @weekly";
    const message = `Expected ${forms}, @monthly or @yearly; there are ${fields} fields`;
    throw new BadRequest("cron", message);
  }
  if (!isZone(timezone)) {
    throw new BadRequest("timezone", 'Expected a name of IANA, such as "Europe/Berlin"');
  }
  const times = parsed(text, timezone);
  if (times.next(now) !== null) return times;
  throw new BadRequest("cron", "It is never due, because no such day comes");
}

function parsed(cron: string, timezone: string): Times {
  try {
    return new Times(cron, timezone);
  } catch (error) {
    throw new BadRequest("cron", (error as Error).message.replace(PREFIX, ""));
  }
}

function isZone(name: string): boolean {
  if (!ZONE.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
