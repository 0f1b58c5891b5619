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
 * Judges the name of an environment variable; the operator lists those there are.
 *
 * @example
 * judgeEnv("TOKEN", ["TOKEN"]) // { granted: "TOKEN" }
 */
export function judgeEnv(name: string, known: readonly string[]): Verdict {
  if (!VARIABLE.test(name)) {
    return { kind: "invalid", reason: "is not the name of an environment variable" };
  }
  if (known.includes(name)) return { granted: name };
  return { kind: "forbidden", reason: "No such variable can be asked for here" };
}

/**
 * Judges what is to be known of the system. Deno's kinds are granted, for they tell only of the
 * sandbox.
 *
 * @example
 * judgeSys("cpus") // { granted: "cpus" }
 */
export function judgeSys(kind: string): Verdict {
  if (SYS_KINDS.has(kind)) return { granted: kind };
  return { kind: "invalid", reason: "is nothing Deno can tell of the system" };
}

/** Judges a program or library: what runs outside of Deno, no permission of Deno's holds. */
export const judgeRun = (): Verdict => ({ kind: "forbidden", reason: "No sandbox runs programs" });
export const judgeFfi = (): Verdict => ({
  kind: "forbidden",
  reason: "No sandbox loads libraries",
});
