import { parseArgs } from "node:util";
import { didYouMean } from "../../src/base/nearest.ts";
import type { Args } from "./define.ts";
import { UsageError } from "./errors.ts";

/** Flags that every command has. */
export const COMMON = {
  help: { type: "boolean", description: "This text" },
} as const satisfies Args;

type Given = Record<string, string | boolean | string[] | undefined>;

/**
 * Reads the words behind a command by its definition.
 *
 * @throws {UsageError} Naming the word, for an unknown flag the near one.
 */
export function parse(words: readonly string[], args: Args): Given {
  const flags = { ...args, ...COMMON };
  const { tokens } = parseArgs({
    args: joined(words, flags),
    options: optionsOf(flags),
    strict: false,
    tokens: true,
  });
  const given: Given = Object.create(null);
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind === "option") take(given, token, flags);
  }
  if (given.help === true) return given;
  place(given, rest, args);
  return given;
}

interface Option {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function take(given: Given, { name, rawName, value }: Option, flags: Args): void {
  const isLong = rawName.startsWith("--");
  const arg = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (arg === undefined || arg.type === "positional" || (!isLong && name !== "help")) {
    const names = Object.keys(flags).filter((each) => flags[each]?.type !== "positional");
    const near = didYouMean(name, names).replaceAll(/"(.+)"/g, "--$1");
    throw new UsageError(`Unknown flag ${rawName}${near}`);
  }
  if (arg.type === "boolean") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    given[name] = true;
    return;
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value`);
  if (arg.multiple) given[name] = [...((given[name] as string[] | undefined) ?? []), value];
  else if (given[name] === undefined) given[name] = value;
  else throw new UsageError(`${rawName} is given twice`);
}

/** Gives words to the places of the definition, and fills in what has a default. */
function place(given: Given, rest: string[], args: Args): void {
  const left = [...rest];
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type === "positional") given[name] = left.shift();
    given[name] ??= arg.default ?? (arg.multiple ? [] : undefined);
    if (given[name] === undefined && arg.type === "boolean") given[name] = false;
    if (given[name] !== undefined || !arg.required) continue;
    throw new UsageError(
      arg.type === "positional" ? `${name.toUpperCase()} is missing` : `--${name} is missing`,
    );
  }
  if (left.length > 0) throw new UsageError(`Unexpected "${left[0]}"`);
}

function optionsOf(flags: Args) {
  const entries = Object.entries(flags).filter(([, { type }]) => type !== "positional");
  return Object.fromEntries(
    entries.map(([name, { type, multiple = false }]) => {
      const short = name === "help" ? { short: "h" } : {};
      return [
        name,
        { type: type === "boolean" ? "boolean" : "string", multiple, ...short },
      ] as const;
    }),
  );
}

/** Joins flags and their values by `=`, because a value such as `-` or `-1` would not be taken as one. */
function joined(words: readonly string[], flags: Args): string[] {
  const out: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--") return [...out, ...words.slice(at)];
    const name = /^--([\w-]+)$/.exec(word)?.[1] ?? "";
    const next = words[at + 1];
    const takes = Object.hasOwn(flags, name) && flags[name]?.type === "string";
    if (!takes) {
      out.push(word);
      continue;
    }
    if (next === undefined || next.startsWith("--")) throw new UsageError(`${word} needs a value`);
    out.push(`${word}=${next}`);
    at += 1;
  }
  return out;
}
