import { expect, it } from "vitest";
import type { Outcome } from "../../../../../src/engines/contract/contract.ts";
import {
  CrashError,
  ExecutionError,
  executionError,
  MemoryError,
  ResolveError,
  TimeoutError,
} from "../../../../../src/resourcex/types/execution-errors.ts";

const fault = (name: string) => ({ name, message: "why", stack: "at main.ts" });

it.each([
  ["timeout", "TimeoutError", TimeoutError],
  ["crash", "MemoryError", MemoryError],
  ["crash", "CrashError", CrashError],
  ["error", "TypeError", ResolveError],
  ["error", "MemoryError", ResolveError],
] as const)("status %s with %s is a class of its own", (status, name, type) => {
  const outcome: Outcome = { status, fault: fault(name), logs: [], logsDropped: 0, duration: 1 };
  const error = executionError(outcome);
  expect(error).toMatchObject({ name, message: "why" });
  expect(error.constructor).toBe(type);
  expect(error).toBeInstanceOf(ExecutionError);
});
