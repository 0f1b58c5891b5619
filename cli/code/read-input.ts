import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { CommandError, UsageError } from "../command/errors.ts";

/** Reads `--input`: JSON, `@file`, or `-` for standard input. */
export async function readInput(
  given: string | undefined,
  what = "--input",
): Promise<{ input?: unknown }> {
  if (given === undefined) return {};
  const [from, text] = await sourceOf(given, what);
  try {
    return { input: JSON.parse(text) as unknown };
  } catch (error) {
    const advice = from === what ? `; a text has quotes of its own: '"text"'` : "";
    throw new UsageError(`${from} is no JSON: ${(error as Error).message}${advice}`);
  }
}

async function sourceOf(given: string, what: string): Promise<[from: string, text: string]> {
  if (given === "-") return ["Standard input", await textOf(process.stdin)];
  if (!given.startsWith("@")) return [what, given];
  const path = given.slice(1);
  return [path, await readText(path)];
}

/** Reads a file, or standard input for `-`. */
export async function readText(path: string): Promise<string> {
  if (path === "-") return textOf(process.stdin);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${faultOf(error)}`);
  }
}

/** Names what is wrong with a file. */
export function faultOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "it may not be read";
  return message;
}

/** Reads JSON, `@file` or `-` as an object. */
export async function readObject(given: string, what: string): Promise<object> {
  const { input } = await readInput(given, what);
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return input;
  throw new UsageError(`${what} is no object, as {"timeout": 5000}`);
}
