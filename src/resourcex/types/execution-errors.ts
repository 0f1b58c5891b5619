import type { Outcome } from "../../engines/contract/contract.ts";
import type { Fault } from "../../protocol/messages.ts";
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
export function executionError({ status, fault = UNKNOWN }: Outcome): ExecutionError {
  if (status === "timeout") return new TimeoutError(fault.message);
  // Thrown errors may have any name. The end of a sandbox is observed outside it.
  if (status === "error") return new ResolveError(fault);
  return new (fault.name === "MemoryError" ? MemoryError : CrashError)(fault.message);
}

const UNKNOWN: Fault = { name: "Error", message: "The execution ended without a result" };
