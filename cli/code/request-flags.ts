import { didYouMean } from "../../src/base/nearest.ts";
import { REUSE_MODES } from "../../src/base/reuse-mode.ts";
import { SANDBOX_LEVELS } from "../../src/base/sandbox-level.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import type { Args, Values } from "../command/define.ts";
import { UsageError } from "../command/errors.ts";
import { millisecondsOf } from "./durations.ts";

/** Flags of everything that a request says about how code is run. */
export const REQUEST_FLAGS = {
  net: { type: "string", description: "Host that it may reach", valueHint: "host", multiple: true },
  env: {
    type: "string",
    description: "Variable that it may read",
    valueHint: "NAME",
    multiple: true,
  },
  read: { type: "string", description: "Path it may read", valueHint: "path", multiple: true },
  write: { type: "string", description: "Path it may write", valueHint: "path", multiple: true },
  sys: { type: "string", description: "Fact of the system", valueHint: "name", multiple: true },
  secret: { type: "string", description: "Secret it may read", valueHint: "NAME", multiple: true },
  tool: { type: "string", description: "Tool that it uses", valueHint: "name", multiple: true },
  dependency: {
    type: "string",
    description: "Package that it imports",
    valueHint: "name@range",
    multiple: true,
  },
  packages: { type: "string", description: "Prepared set of packages", valueHint: "set" },
  entry: { type: "string", description: "Export to call", valueHint: "name" },
  timeout: { type: "string", description: "As 500ms, 5s or 2m", valueHint: "duration" },
  memory: { type: "string", description: "Megabytes of the sandbox", valueHint: "MB" },
  sandbox: {
    type: "string",
    description: "Level of isolation",
    valueHint: SANDBOX_LEVELS.join("|"),
  },
  reuse: { type: "string", description: "Reuse of sandboxes", valueHint: REUSE_MODES.join("|") },
} as const satisfies Args;

export type RequestFlags = Values<typeof REQUEST_FLAGS>;

/** Reads the flags as the fields of a request. */
export function requestOf(flags: RequestFlags): Omit<ExecuteRequest, "code"> {
  const { net, env, read, write, sys, secret, tool, dependency, packages, entry } = flags;
  for (const name of env) {
    if (!name.includes("=")) continue;
    const advice = "its value is the server's: give values to code by --input";
    throw new UsageError(`--env takes the name of a variable, ${advice}`);
  }
  const lists = Object.entries({ net, env, read, write, sys }).filter(
    ([, list]) => list.length > 0,
  );
  const memory = flags.memory === undefined ? undefined : numberOf("memory", flags.memory);
  return {
    ...(lists.length > 0 && { permissions: Object.fromEntries(lists) }),
    ...(secret.length > 0 && { secrets: [...secret] }),
    ...(tool.length > 0 && { tools: [...tool] }),
    ...(dependency.length > 0 && { dependencies: dependenciesOf(dependency) }),
    ...(packages !== undefined && { packages }),
    ...(entry !== undefined && { entry }),
    ...(flags.timeout !== undefined && { timeout: millisecondsOf("timeout", flags.timeout) }),
    ...(memory !== undefined && { memory }),
    ...(flags.sandbox !== undefined && {
      sandbox: oneOf("sandbox", flags.sandbox, SANDBOX_LEVELS),
    }),
    ...(flags.reuse !== undefined && { reuse: oneOf("reuse", flags.reuse, REUSE_MODES) }),
  };
}

/** Reads the value of a flag that is a whole number. */
export function numberOf(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--${flag} takes a number, and not "${text}"`);
}

/** Reads the value of a flag that is one of several words. */
export function oneOf<const T extends string>(flag: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  const known = words.join(", ");
  throw new UsageError(
    `--${flag} takes one of ${known}, and not "${text}"${didYouMean(text, words)}`,
  );
}

/** Splits `name@range` at the last `@` that is not the first letter, as of `@scope/name@1`. */
export function dependenciesOf(given: readonly string[]): Record<string, string> {
  const pairs = given.map((text) => {
    const at = text.lastIndexOf("@");
    return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, "*"];
  });
  return Object.fromEntries(pairs);
}
