import { UsageError } from "../command/errors.ts";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a duration as milliseconds. A number without a unit is milliseconds, as in the HTTP API.
 *
 * @example
 * millisecondsOf("timeout", "1.5s") // 1500
 */
export function millisecondsOf(flag: string, text: string): number {
  const [, number = "", unit = "ms"] = /^(\d{1,9}(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  if (number === "") throw new UsageError(`--${flag} takes a duration such as 500ms, 5s or 2m`);
  return Math.round(Number(number) * (UNITS[unit] ?? 1));
}

/** Reads a time of the past: an ISO 8601 one, or a duration before now. Returns it in ISO 8601. */
export function timeOf(flag: string, text: string, now = Date.now()): string {
  return moment(flag, text, (milliseconds) => now - milliseconds);
}

/** Reads a time to come: an ISO 8601 one, or a duration from now. Returns it in ISO 8601. */
export function untilOf(flag: string, text: string, now = Date.now()): string {
  return moment(flag, text, (milliseconds) => now + milliseconds);
}

function moment(flag: string, text: string, from: (milliseconds: number) => number): string {
  const isDuration = /^\d[\d.]*(ms|s|m|h|d)$/.test(text);
  const time = isDuration ? from(millisecondsOf(flag, text)) : Date.parse(text);
  const date = new Date(/^\d{4}-\d\d/.test(text) || isDuration ? time : Number.NaN);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  const advice = "a time such as 2026-01-02T03:04:05Z, or a duration such as 10m";
  throw new UsageError(`--${flag} takes ${advice}`);
}
