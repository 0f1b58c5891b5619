import { validRange } from "semver";
import { BadRequest } from "../../src/base/errors.ts";
import { DENO_VERSION } from "../../src/deno/deno.ts";

/** Ending of a file whose name has none, by language. */
export const ENDINGS = { javascript: ".js", typescript: ".ts" } as const;

export type PistonLanguage = keyof typeof ENDINGS;

export interface PistonRuntime {
  readonly language: PistonLanguage;
  readonly version: string;
  readonly aliases: readonly string[];
  readonly runtime: string;
}

/** Languages of `GET /api/v2/runtimes`. Both run in Deno, whose version is theirs. */
export const RUNTIMES: readonly PistonRuntime[] = [
  {
    language: "javascript",
    version: DENO_VERSION,
    aliases: ["js", "node", "node-js", "node-javascript", "deno", "deno-js"],
    runtime: "deno",
  },
  {
    language: "typescript",
    version: DENO_VERSION,
    aliases: ["ts", "node-ts", "ts-node", "deno-ts"],
    runtime: "deno",
  },
];

/**
 * Finds a runtime by the language's name or alias. Clients name versions of Node that other servers
 * have, so that any version or range is taken, and the answer tells the real one.
 *
 * @throws {BadRequest} For another language, or a text that is no version.
 */
export function runtimeOf(language: string, version: string): PistonRuntime {
  const name = language.toLowerCase();
  const found = RUNTIMES.find((one) => one.language === name || one.aliases.includes(name));
  if (found === undefined || validRange(version) === null) {
    const shown = `${language}-${version}`.slice(0, 100);
    const field = found === undefined ? "language" : "version";
    throw new BadRequest(field, `${shown} runtime is unknown`);
  }
  return found;
}
