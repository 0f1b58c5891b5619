import { apply, defineProperty, uncurry } from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: a global that TypeScript does not know yet
type Anything = any;

const dateNow = Date.now;

/** Makes the clocks of a realm's `Temporal` step by a millisecond. */
export function coarsenTemporal({ Now, Instant, ZonedDateTime }: Anything): void {
  const { fromEpochMilliseconds } = Instant;
  const { timeZoneId } = Now;
  const toZoned = uncurry(Instant.prototype.toZonedDateTimeISO);
  const toDateTime = uncurry(ZonedDateTime.prototype.toPlainDateTime);
  const toTime = uncurry(ZonedDateTime.prototype.toPlainTime);
  const instant = (): unknown => apply(fromEpochMilliseconds, Instant, [dateNow()]);
  const zoned = (zone: unknown): unknown => toZoned(instant(), zone ?? timeZoneId());
  const clocks: Record<string, (zone?: unknown) => unknown> = {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone) => toDateTime(zoned(zone)),
    plainTimeISO: (zone) => toTime(zoned(zone)),
  };
  for (const name of Object.keys(clocks)) defineProperty(Now, name, { value: clocks[name] });
}
