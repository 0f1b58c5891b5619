import { BadRequest } from "../../src/base/errors.ts";
import type { DeployBody } from "../../src/contract/functions.ts";

/** Most names that a message lists. */
const SHOWN = 10;
const DEFAULT = "default";
/** Exports of an HTTP function that answer the requests of one method each. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Refuses a function whose module lacks its entry. Without running the code, the name of a default
 * export's function is unknown, so a default export passes for any name that the code contains.
 */
export function assertEntry(
  { entry = DEFAULT, code: given, kind }: DeployBody,
  exports: readonly string[],
  code: string,
): void {
  if (exports.includes(entry)) return;
  if (kind === "http" && entry === DEFAULT && exports.some((name) => METHODS.has(name))) return;
  if (entry !== DEFAULT && exports.includes(DEFAULT) && code.includes(entry)) return;
  const field = entry !== DEFAULT ? "entry" : given === undefined ? "files" : "code";
  const names = exports.slice(0, SHOWN).map((name) => name.slice(0, 100));
  const more = exports.length > SHOWN ? ", …" : "";
  const found = names.length > 0 ? `exports: ${names.join(", ")}${more}` : "exports nothing";
  const [first] = names;
  const other =
    first === undefined ? "" : `, or name another entry: {"entry":${JSON.stringify(first)}}`;
  const form = kind === "http" ? "a function, or an object with fetch()" : "the function";
  const advice =
    entry === DEFAULT ? `Write "export default" before ${form}${other}` : `Export it${other}`;
  const message = `There is no export "${entry}": the module ${found}. ${advice}`;
  throw new BadRequest(field, `${field}: ${message}`);
}
