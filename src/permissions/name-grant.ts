import { didYouMean } from "../base/nearest.ts";
import { shorten, someOf } from "../base/shorten.ts";
import type { Verdict } from "./refusal.ts";

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;
const SYS_KINDS: ReadonlySet<string> = new Set([
  "hostname",
  "osRelease",
  "osUptime",
  "loadavg",
  "networkInterfaces",
  "systemMemoryInfo",
  "uid",
  "gid",
  "cpus",
  "homedir",
  "statfs",
  "username",
  "getPriority",
  "setPriority",
  "userInfo",
]);

/**
 * Judges the name of an environment variable. Only names that the operator lists are granted.
 *
 * @example
 * judgeEnv("TOKEN", ["TOKEN"]) // { granted: "TOKEN" }
 */
export function judgeEnv(name: string, known: readonly string[]): Verdict {
  if (!VARIABLE.test(name)) {
    return { kind: "invalid", reason: "is not the name of an environment variable" };
  }
  if (known.includes(name)) return { granted: name };
  return { kind: "forbidden", reason: unknownVariable(name, known) };
}

function unknownVariable(name: string, known: readonly string[]): string {
  const there =
    known.length === 0
      ? `No variable can be asked for here: give the value as "input", or have the operator offer "${shorten(name)}"`
      : `There is no variable "${shorten(name)}" to ask for; there is ${someOf(known)}`;
  return `${there}${didYouMean(name, known)}`;
}

/**
 * Judges a kind of information about the system. Deno's kinds are granted, because they describe
 * only the sandbox.
 *
 * @example
 * judgeSys("cpus") // { granted: "cpus" }
 */
export function judgeSys(kind: string): Verdict {
  if (SYS_KINDS.has(kind)) return { granted: kind };
  return { kind: "invalid", reason: "is nothing Deno can tell of the system" };
}

/** Refuses every program and library: it would run outside of Deno and its permissions. */
export const judgeRun = (): Verdict => ({ kind: "forbidden", reason: "No sandbox runs programs" });
export const judgeFfi = (): Verdict => ({
  kind: "forbidden",
  reason: "No sandbox loads libraries",
});
