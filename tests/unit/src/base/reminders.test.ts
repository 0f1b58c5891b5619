import { expect, it } from "vitest";
import { Reminders } from "../../../../src/base/reminders.ts";

const MINUTE = 60_000;

it("reports a fault that lasts at once, and then ever more rarely, up to once an hour", () => {
  const reminders = new Reminders();
  const told: number[] = [];
  for (let minute = 0; minute <= 300; minute += 1) {
    const text = `Container ${(minute + 0xabcdef0123).toString(16)} ended after ${minute} ms`;
    if (reminders.isDue(text, minute * MINUTE)) told.push(minute);
  }
  expect(told).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
});

it("reports another fault at once, and the same one anew after it was over", () => {
  const reminders = new Reminders();
  expect(reminders.isDue("It is away", 0)).toBe(true);
  expect(reminders.isDue("It may not be opened", 1)).toBe(true);
  expect(reminders.isDue("It is away", 2)).toBe(false);
  reminders.clear();
  expect(reminders.isDue("It is away", 3)).toBe(true);
});

it("remembers no more than so many texts", () => {
  const reminders = new Reminders();
  for (let i = 0; i < 1_000; i += 1) reminders.isDue("x".repeat(i), 0);
  expect(reminders.isDue("", 1)).toBe(true);
});
