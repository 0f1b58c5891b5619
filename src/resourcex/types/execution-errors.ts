import type { Fault } from "../../protocol/messages.ts";
import type { LogEntry, Output } from "../../request/types.ts";
import { ResourceXError } from "../base/resourcex-errors.ts";

/** A type's `resolve` ended without a result. Its console output until then has gone to `onLog`. */
export abstract class ExecutionError extends ResourceXError {}

/** The execution took longer than allowed. */
export class TimeoutError extends ExecutionError {
  override readonly name = "TimeoutError";
}

/** The execution needed more memory than its sandbox has. */
export class MemoryError extends ExecutionError {
  override readonly name = "MemoryError";
}

/** The sandbox ended during the execution. */
export class CrashError extends ExecutionError {
  override readonly name = "CrashError";
}

/**
 * The code threw, or returned a value that cannot leave its sandbox. `name`, `message` and
 * `sandboxStack` are the exception's own, so only the sandbox vouches for them.
 */
export class ResolveError extends ExecutionError {
  override readonly name: string;
  readonly sandboxStack: string | undefined;

  constructor({ name, message, stack }: Fault) {
    super(message);
    this.name = name;
    this.sandboxStack = stack;
  }
}

/** Makes the error for an execution that ended without a result. */
export function executionError({ outcome, logs = [] }: Output): ExecutionError {
  const fault = faultOf(logs.findLast(({ level }) => level === "exception"));
  switch (outcome) {
    case "timeout":
      return new TimeoutError(fault.message);
    case "memory":
      return new MemoryError(fault.message);
    case "crash":
      return new CrashError(fault.message);
    default:
      // Thrown errors may have any name. The outcome is observed outside the sandbox.
      return new ResolveError(fault);
  }
}

function faultOf(exception: LogEntry | undefined): Fault {
  const { name = "Error", message = UNKNOWN, stack } = exception ?? {};
  return { name, message, ...(stack !== undefined && { stack }) };
}

const UNKNOWN = "The execution ended without a result";
