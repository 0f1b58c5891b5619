import type { Command } from "./define.ts";
import { COMMON } from "./parse.ts";

/** Words that may follow the commands of a path, as `functions show`. */
export interface Words {
  readonly path: string;
  readonly words: readonly string[];
}

/** Loads all commands, and lists the words that may follow each. */
export async function wordsOf(command: Command, path = ""): Promise<Words[]> {
  const { subCommands = {}, args = {}, default: ordinary } = command;
  const below: Words[] = [];
  let flags = flagsOf({ ...args, ...COMMON });
  for (const [name, { load }] of Object.entries(subCommands)) {
    const loaded = await load();
    if (name === ordinary) flags = flagsOf({ ...loaded.args, ...COMMON });
    below.push(...(await wordsOf(loaded, `${path} ${name}`.trim())));
  }
  return [{ path, words: [...Object.keys(subCommands), ...flags] }, ...below];
}

function flagsOf(args: NonNullable<Command["args"]>): string[] {
  const names = Object.keys(args).filter((name) => args[name]?.type !== "positional");
  return names.map((name) => `--${name}`);
}
