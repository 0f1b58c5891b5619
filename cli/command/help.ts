import { columns } from "../terminal/columns.ts";
import type { Paint } from "../terminal/paint.ts";
import type { Arg, Args, Command } from "./define.ts";
import { COMMON } from "./parse.ts";

/** Writes the help text of a command. `path` is how it is called, for example `isolate run`. */
export function helpOf(command: Command, path: string, paint: Paint): string {
  const { meta, subCommands = {}, args = {} } = command;
  const places = Object.entries(args).filter(([, { type }]) => type === "positional");
  const all: Args = { ...args, ...COMMON };
  const flags = Object.entries(all).filter(([, { type }]) => type !== "positional");
  const commands = Object.entries(subCommands);
  const words = places.map(([name, { required }]) => (required ? `<${name}>` : `[${name}]`));
  const usage = [path, ...(commands.length > 0 ? ["<command>"] : words), "[flags]"].join(" ");
  const section = (title: string, rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0 ? [] : ["", paint("bold", title), columns(rows, "  ")];
  return [
    meta.description,
    "",
    `${paint("bold", "Usage")}  ${usage}`,
    ...section(
      "Arguments",
      places.map(([name, arg]) => [name, described(arg)]),
    ),
    ...section(
      "Commands",
      commands.map(([name, { description }]) => [name, description]),
    ),
    ...section(
      "Flags",
      flags.map(([name, arg]) => [flagOf(name, arg), described(arg)]),
    ),
    ...section(
      "Examples",
      (meta.examples ?? []).map((line) => [line]),
    ),
    ...(commands.length > 0 ? ["", `${path} <command> --help tells more`] : []),
    "",
  ].join("\n");
}

function flagOf(name: string, { type, valueHint = "value" }: Arg): string {
  return type === "boolean" ? `--${name}` : `--${name} <${valueHint}>`;
}

function described({ description, default: value, multiple }: Arg): string {
  const notes = [
    ...(typeof value === "string" && value !== "" ? [`default ${value}`] : []),
    ...(multiple ? ["several times"] : []),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join(", ")})`;
}
