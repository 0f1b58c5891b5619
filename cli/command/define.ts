/** Things of the process that a command works with. */
export interface Context {
  /** Variables as they were when the process began. */
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Aborts when the caller ends the command, or nobody reads its output any more. */
  readonly signal: AbortSignal;
  /** All commands, for the completion of shells. */
  readonly root: Command;
}

/** An argument of a command: a flag without a value, a flag with one, or a word at its place. */
export interface Arg {
  readonly type: "boolean" | "string" | "positional";
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string | boolean;
  /** True if the flag may be given several times. */
  readonly multiple?: boolean;
  /** Word that stands for the value in help texts. */
  readonly valueHint?: string;
}

export type Args = Readonly<Record<string, Arg>>;

/** Value of one argument, by its definition. */
type ValueOf<T extends Arg> = T extends { type: "boolean" }
  ? boolean
  : T extends { multiple: true }
    ? readonly string[]
    : T extends { required: true } | { default: string }
      ? string
      : string | undefined;

export type Values<T extends Args> = { readonly [Name in keyof T]: ValueOf<T[Name]> };

export interface Meta {
  readonly name: string;
  readonly description: string;
  /** Command lines that a reader can copy. */
  readonly examples?: readonly string[];
}

/** Definition of a command. It either runs, or has commands below it. */
export interface Command<T extends Args = Args> {
  readonly meta: Meta;
  readonly args?: T;
  readonly subCommands?: Commands;
  /** Name of the one below it that runs where none is named. */
  readonly default?: string;
  run?(call: { readonly args: Values<T>; readonly context: Context }): Promise<void>;
}

/** A command that is loaded once it is needed. Its description is known before. */
export interface LazyCommand {
  readonly description: string;
  load(): Promise<Command>;
}

export type Commands = Readonly<Record<string, LazyCommand>>;

/** Gives the arguments of `run` the types that their definitions say. */
export function defineCommand<const T extends Args = Record<never, Arg>>(
  command: Command<T>,
): Command {
  return command as unknown as Command;
}

/** Lists commands that are in memory anyway. */
export function loaded(commands: readonly Command[]): Commands {
  return Object.fromEntries(
    commands.map((command) => {
      const { name, description } = command.meta;
      return [name, { description, load: async () => command }];
    }),
  );
}
