import { Aborted, IsolateError } from "../../src/base/errors.ts";

const MAX_MESSAGE = 2_000;
const MAX_STACK = 8_000;
const MAX_CAUSES = 5;

/** Fields of a thrown value that may be logged. */
export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorFields;
}

/**
 * Reads the fields of a thrown value. Its other properties are not logged, because drivers and
 * compilers put statements, values and lines of code there.
 */
export function errorFields(thrown: unknown, causes = MAX_CAUSES): ErrorFields {
  if (!(thrown instanceof Error)) {
    return { name: typeof thrown, message: String(thrown).slice(0, MAX_MESSAGE) };
  }
  const { name, message, stack, cause } = thrown;
  const { code } = thrown as { code?: unknown };
  return {
    name,
    message: message.slice(0, MAX_MESSAGE),
    ...(typeof code === "string" && { code }),
    ...(stack !== undefined && { stack: stack.slice(0, MAX_STACK) }),
    // The cause often has the only information about a plugin or a tool.
    ...(cause !== undefined && causes > 0 && { cause: errorFields(cause, causes - 1) }),
  };
}

/** Tells whether the cause of an error is known, so that its stack is of no use. */
export function isExpected(thrown: unknown): thrown is Error {
  return thrown instanceof Aborted || (thrown instanceof IsolateError && thrown.status === 503);
}
