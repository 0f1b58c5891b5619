import { apply, defineProperty, uncurry } from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: a global that TypeScript does not know yet
type Anything = any;

const dateNow = Date.now;

/**
 * Makes the clocks of a realm's `Temporal` step by a millisecond. Runs for each new realm, so it
 * uses nothing that code may have replaced.
 */
export function coarsenTemporal({ Now, Instant, ZonedDateTime }: Anything): void {
  const { fromEpochMilliseconds } = Instant;
  const { timeZoneId } = Now;
  const toZoned = uncurry(Instant.prototype.toZonedDateTimeISO);
  const toDateTime = uncurry(ZonedDateTime.prototype.toPlainDateTime);
  const toTime = uncurry(ZonedDateTime.prototype.toPlainTime);
  const instant = (): unknown => apply(fromEpochMilliseconds, Instant, [dateNow()]);
  const zoned = (zone: unknown): unknown => toZoned(instant(), zone ?? timeZoneId());
  const replace = (name: string, value: (zone?: unknown) => unknown): void => {
    defineProperty(Now, name, { __proto__: null, value } as PropertyDescriptor);
  };
  replace("instant", instant);
  replace("zonedDateTimeISO", zoned);
  replace("plainDateTimeISO", (zone) => toDateTime(zoned(zone)));
  replace("plainTimeISO", (zone) => toTime(zoned(zone)));
}
