import { describe, expect, it } from "vitest";
import { keptEntries } from "../../../../server/runs/kept-logs.ts";
import type { LogEntry } from "../../../../src/request/types.ts";

const entry = (message: string, more: Partial<LogEntry> = {}): LogEntry => ({
  level: "log",
  message,
  timestamp: 1,
  ...more,
});
const FAULT = entry("why", { level: "exception", name: "Error", stack: "at main.ts:1:1" });
const size = (text = "") => Buffer.byteLength(text);

describe("the kept entries of an execution", () => {
  it("are what is in the answer, with all fields, and nothing without entries", () => {
    const extra = { ...entry("\0 \ud800"), stream: "stdout" as const, details: { code: "E" } };
    const kept = keptEntries([extra, FAULT], 3, 65_536);
    expect(JSON.parse(kept?.entries ?? "")).toEqual([extra, FAULT]);
    expect(kept).toMatchObject({ count: 2, dropped: 3, level: 4 });
    expect(keptEntries([], 0, 65_536)).toBeUndefined();
    expect(keptEntries([], 2, 65_536)).toEqual({ entries: "[]", count: 0, dropped: 2, level: -1 });
  });

  it("are the first without a gap, within the bytes, and the exception", () => {
    const many = Array.from({ length: 1_000 }, (_, n) => entry(`${n} ${"x".repeat(1_000)}`));
    const kept = keptEntries([...many, FAULT], 0, 65_536);
    const list = JSON.parse(kept?.entries ?? "") as LogEntry[];
    expect(size(kept?.entries)).toBeLessThanOrEqual(65_536);
    expect(size(kept?.entries)).toBeGreaterThan(60_000);
    expect(list.at(-1)).toEqual(FAULT);
    expect(list.slice(0, -1)).toEqual(many.slice(0, list.length - 1));
    expect(kept?.dropped).toBe(1_001 - list.length);
    // A short one after a long one is left out with it.
    const gap = keptEntries([entry("a"), entry("x".repeat(2_000)), entry("b")], 0, 1_024);
    expect(gap).toMatchObject({ count: 1, dropped: 2 });
  });

  it.each([
    ["letters", "x"],
    ["NUL characters", "\0"],
    ["half pairs", "\ud800"],
    ["quotes", '"'],
    ["wide letters", "€"],
  ])("stay within the bytes when all is %s, and still name the exception", (_what, letter) => {
    for (const bytes of [1_024, 65_536]) {
      const long = letter.repeat(16_384);
      const fault = { ...FAULT, message: long, stack: long, name: letter.repeat(200), hint: long };
      const details = { details: { long } } as object;
      const entries = [entry("first"), entry(letter.repeat(65_536)), { ...fault, ...details }];
      const kept = keptEntries(entries, 0, bytes);
      expect(size(kept?.entries)).toBeLessThanOrEqual(bytes);
      const list = JSON.parse(kept?.entries ?? "") as LogEntry[];
      expect(list[0]).toEqual(entry("first"));
      expect(list.at(-1)).toMatchObject({ level: "exception", timestamp: 1 });
      expect(list.at(-1)?.message.length).toBeGreaterThan(20);
    }
  });

  it("are written even if a plugin has made one that cannot be", () => {
    const odd = { ...entry("a"), big: 1n } as LogEntry;
    const kept = keptEntries([odd, entry("b")], 0, 1_024);
    expect(JSON.parse(kept?.entries ?? "")).toEqual([entry(""), entry("b")]);
  });
});
