import type { Command, Context } from "./define.ts";
import { BrokenPipe, Interrupted } from "./errors.ts";
import { runCommand } from "./run-command.ts";
import { tellFailure } from "./tell-failure.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export interface Main {
  readonly root: Command;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly words: readonly string[];
  /** Names of commands that take care of signals themselves. */
  readonly signalled?: readonly string[];
}

/** Runs a command line, and sets the exit code of the process. */
export async function main({ root, env, version, words, signalled = [] }: Main): Promise<void> {
  const ending = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      ending.abort(new BrokenPipe());
    });
  }
  if (!signalled.includes(words[0] ?? "")) takeSignals(ending);
  const context: Context = { env, version, signal: ending.signal, root };
  try {
    await runCommand(words, context);
  } catch (error) {
    const reason: unknown = ending.signal.aborted ? ending.signal.reason : error;
    process.exitCode = tellFailure(reason, context, words.includes("--json"));
  }
}

/** Has the first signal abort the command, and the second one end the process. */
function takeSignals(ending: AbortController): void {
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(code);
      ending.abort(new Interrupted(code));
    });
  }
}
