import { describe, expect, it } from "vitest";
import { readTimes, Times } from "../../../../server/schedules/cron.ts";
import { BadRequest } from "../../../../src/base/errors.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const next = (cron: string, zone: string, from: string, count = 3): string[] =>
  new Times(cron, zone)
    .following(new Date(from), count)
    .map((time) => time.toISOString().slice(0, 16));

describe("times of a schedule", () => {
  it.each([
    ["*/15 9-10 * * MON-FRI", "UTC", ["2026-01-01T09:00", "2026-01-01T09:15", "2026-01-01T09:30"]],
    ["@daily", "Asia/Kolkata", ["2026-01-01T18:30", "2026-01-02T18:30", "2026-01-03T18:30"]],
    ["0 0 29 2 *", "UTC", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]],
    ["0 0 L * *", "UTC", ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-31T00:00"]],
    ["0 0 1 * MON", "UTC", ["2026-01-05T00:00", "2026-01-12T00:00", "2026-01-19T00:00"]],
    ["0 0 1 * +MON", "UTC", ["2026-06-01T00:00", "2027-02-01T00:00", "2027-03-01T00:00"]],
  ])("of %s in %s", (cron, zone, expected) => {
    readTimes(cron, zone, NOW);
    expect(next(cron, zone, NOW.toISOString())).toEqual(expected);
  });

  it("in a gap come after it, if the time of day is fixed, and else are left out", () => {
    const before = "2026-03-28T12:00:00Z";
    const fixed = ["2026-03-29T01:00", "2026-03-30T00:30", "2026-03-31T00:30"];
    expect(next("30 2 * * *", "Europe/Berlin", before)).toEqual(fixed);
    const two = ["2026-03-29T00:30", "2026-03-29T01:30"];
    expect(next("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2)).toEqual(two);
  });

  it("that come twice are due at the first, if the time of day is fixed, and else at both", () => {
    const before = "2026-10-24T12:00:00Z";
    const fixed = ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"];
    expect(next("30 2 * * *", "Europe/Berlin", before)).toEqual(fixed);
    const both = ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"];
    expect(next("30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z")).toEqual(both);
  });

  it("that were missed leave the latest one, the present included", () => {
    const times = new Times("*/5 * * * *", "UTC");
    const dueAt = new Date("2020-01-01T00:00:00Z");
    const latest = (now: string) => times.latest(dueAt, new Date(now)).toISOString();
    expect(latest("2026-01-01T00:05:00Z")).toBe("2026-01-01T00:05:00.000Z");
    expect(latest("2026-01-01T00:04:59.999Z")).toBe("2026-01-01T00:00:00.000Z");
    expect(latest("2020-01-01T00:01:00Z")).toBe(dueAt.toISOString());
  });

  it.each([
    ["0 0 30 2 *", "UTC", "never due"],
    ["0 0 31 4,6,9,11 *", "America/New_York", "never due"],
    ["* * * * * *", "UTC", "there are 6 fields"],
    ["", "UTC", "there are 0 fields"],
    ["2030-01-01T00:00:00", "UTC", "there are 1 fields"],
    ["@reboot", "UTC", "there are 1 fields"],
    ["60 * * * *", "UTC", "Invalid value for minute: 60"],
    ["a b c d e", "UTC", "illegal characters"],
    ["*/0 * * * *", "UTC", "illegal stepping"],
    ["5-1 * * * *", "UTC", "From value is larger"],
    ["* * * * MON#6", "UTC", "1-5 or L"],
  ])("are refused for %j in %s: %s", (cron, zone, message) => {
    const read = () => readTimes(cron, zone, NOW);
    expect(read).toThrow(BadRequest);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/^Cron/);
  });

  it.each(["Mars/Olympus", "+02:00", "", "constructor", "UTC; drop table"])(
    "are refused in the zone %j",
    (zone) => {
      expect(() => readTimes("* * * * *", zone, NOW)).toThrow("name of IANA");
    },
  );
});
