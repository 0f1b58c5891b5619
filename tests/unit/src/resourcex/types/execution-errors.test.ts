import { expect, it } from "vitest";
import type { Outcome } from "../../../../../src/engines/contract/contract.ts";
import { failure, toOutput } from "../../../../../src/engines/explain/outcome.ts";
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
  const collected = { logs: [], logsDropped: 0, duration: 1 };
  const outcome: Outcome = failure(status, fault(name), collected, "container");
  const error = executionError(toOutput(outcome, "container"));
  expect(error).toMatchObject({ name, message: "why" });
  expect(error.constructor).toBe(type);
  expect(error).toBeInstanceOf(ExecutionError);
});

it("an output of a plugin without an exception is an error, too", () => {
  const { usage } = toOutput({ status: "ok", logs: [], logsDropped: 0, duration: 1 }, "container");
  const error = executionError({ ok: false, outcome: "exception", duration: 1, usage });
  expect(error).toBeInstanceOf(ResolveError);
  expect(error).toMatchObject({ name: "Error", message: "The execution ended without a result" });
});
