import { didYouMean } from "../../src/base/nearest.ts";
import { paintFor } from "../terminal/paint.ts";
import type { Args, Command, Context } from "./define.ts";
import { UsageError } from "./errors.ts";
import { helpOf } from "./help.ts";
import { parse } from "./parse.ts";

/**
 * Runs the command that the words name, or writes its help text.
 *
 * @throws {UsageError} If the words mean nothing.
 */
export async function runCommand(
  words: readonly string[],
  context: Context,
  command: Command = context.root,
  path: string = command.meta.name,
): Promise<void> {
  const { subCommands } = command;
  if (subCommands === undefined) return runOne(words, context, command, path);
  const [name, ...rest] = words;
  if (name !== undefined && Object.hasOwn(subCommands, name)) {
    const below = await subCommands[name]?.load();
    if (below !== undefined) return runCommand(rest, context, below, `${path} ${name}`);
  }
  if (name === "--help" || name === "-h") return help(command, path, context);
  if (name === "--version" && command === context.root) {
    process.stdout.write(`${context.version}\n`);
    return;
  }
  const { default: ordinary } = command;
  if (ordinary !== undefined && (name === undefined || name.startsWith("-"))) {
    const below = await subCommands[ordinary]?.load();
    if (below !== undefined) return runCommand(words, context, below, `${path} ${ordinary}`);
  }
  if (name === undefined) throw new UsageError(`Say which command; see ${path} --help`);
  const near = didYouMean(name, Object.keys(subCommands));
  const kind = name.startsWith("-") ? "flag" : "command";
  throw new UsageError(`Unknown ${kind} ${name}${near}; see ${path} --help`);
}

async function runOne(
  words: readonly string[],
  context: Context,
  command: Command,
  path: string,
): Promise<void> {
  const args: Args = command.args ?? {};
  let given: ReturnType<typeof parse>;
  try {
    given = parse(words, args);
  } catch (error) {
    if (error instanceof UsageError) error.message += `; see ${path} --help`;
    throw error;
  }
  if (given.help === true) return help(command, path, context);
  await command.run?.({ args: given as never, context });
}

function help(command: Command, path: string, { env }: Context): void {
  process.stdout.write(helpOf(command, path, paintFor(process.stdout, env)));
}
