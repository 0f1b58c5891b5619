import type { Outcome } from "../../engines/contract/contract.ts";
import type { Fault } from "../../protocol/messages.ts";
import { ResourceXError } from "../base/resourcex-errors.ts";

/** A type's `resolve` did not come to a result; what it wrote until then has gone to `onLog`. */
export abstract class ExecutionError extends ResourceXError {}

/** It took longer than it may. */
export class TimeoutError extends ExecutionError {
  override readonly name = "TimeoutError";
}

/** It needed more memory than its sandbox has. */
export class MemoryError extends ExecutionError {
  override readonly name = "MemoryError";
}

/** Its sandbox ended before it did. */
export class CrashError extends ExecutionError {
  override readonly name = "CrashError";
}

/**
 * It threw, or returned what cannot leave its sandbox. `name`, `message` and `sandboxStack` are the
 * exception's own: the sandbox's word.
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

/** The error for an execution that ended without a result. */
export function executionError({ status, fault = UNKNOWN }: Outcome): ExecutionError {
  if (status === "timeout") return new TimeoutError(fault.message);
  // What code throws can call itself what it wants; that the sandbox has ended is known outside.
  if (status === "error") return new ResolveError(fault);
  return new (fault.name === "MemoryError" ? MemoryError : CrashError)(fault.message);
}

const UNKNOWN: Fault = { name: "Error", message: "The execution ended without a result" };
