/** A command line that means nothing. The exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly exitCode = 2;
}

/** A failure that a command has told of itself, or that needs no more than its message. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode = 1;
}

/** Reason of an abort by a signal. The exit code is the one of a shell for it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("Interrupted");
    this.exitCode = exitCode;
  }
}

/** Reason of an abort because nobody reads the output any more. It is no failure. */
export class BrokenPipe extends Error {
  override readonly name = "BrokenPipe";
  readonly exitCode = 0;
}
