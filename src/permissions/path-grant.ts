import { someOf } from "../base/shorten.ts";
import type { PlanInput } from "./plan-types.ts";
import type { Verdict } from "./refusal.ts";

/** The sandbox's own directory, deleted with it. */
const SCRATCH = "/tmp";
/** Directories of the system. No code may read them, mounted or not. */
const RESERVED = ["/proc", "/sys", "/dev", "/run", "/etc"];
export const MALFORMED_PATH: Verdict = {
  kind: "invalid",
  reason: 'is not an absolute path without ".", "..", "//" and a slash at its end',
};

const forbidden = (reason: string): Verdict => ({ kind: "forbidden", reason });

/**
 * Tests that a path is absolute and in its shortest form, so that comparing text compares paths.
 *
 * @example
 * ["/data/a", "data", "/data/../a", "/data/"].map(isPath) // [true, false, false, false]
 */
export function isPath(text: string): boolean {
  if (text === "/") return true;
  const [first, ...segments] = text.split("/");
  return first === "" && segments.every((segment) => !["", ".", ".."].includes(segment));
}

/**
 * Tests that a path is a directory or lies below it.
 *
 * @example
 * ["/tmp", "/tmp/a", "/tmpfs"].map((path) => isWithin(path, "/tmp")) // [true, true, false]
 */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** Judges a path that code wants to read. */
export function judgeRead(path: string, { level, operator }: PlanInput): Verdict {
  if (!isPath(path)) return MALFORMED_PATH;
  const nowhere = forbidden(unreadable(level, operator.mounts));
  if (RESERVED.some((directory) => isWithin(path, directory))) return nowhere;
  const target = mountOf(path, operator.mounts);
  if (level === "container") {
    return target !== undefined || isWithin(path, SCRATCH) ? { granted: path } : nowhere;
  }
  if (target === undefined) return nowhere;
  // Without a mount namespace, a process sees the host's file under the name of the sandbox's path.
  return operator.mounts[target] === target
    ? { granted: path }
    : forbidden('level "isolated" mounts nothing: ask for level "container"');
}

/** Tells what can be read instead of a path that cannot. */
function unreadable(level: PlanInput["level"], mounts: PlanInput["operator"]["mounts"]): string {
  const targets = Object.keys(mounts);
  const there =
    level === "container"
      ? [...targets, SCRATCH]
      : targets.filter((target) => mounts[target] === target);
  const instead =
    there.length === 0 ? "; there is none at this level" : `; there is ${someOf(there)}`;
  return `No such path can be read here${instead}. Give data as "input"`;
}

/** Judges a path that code wants to write. */
export function judgeWrite(path: string, { level }: PlanInput): Verdict {
  if (!isPath(path)) return MALFORMED_PATH;
  if (level === "isolated") return forbidden('nothing can be written at level "isolated"');
  return isWithin(path, SCRATCH)
    ? { granted: path }
    : forbidden(`only ${SCRATCH} and what is below it can be written`);
}

/**
 * Lists the operator's mounts that granted paths need, each once. If mounts are nested, a path
 * belongs to the innermost one.
 *
 * @example
 * mountsFor(["/data/a", "/tmp"], { "/data": "/srv/data" }) // [{ source: "/srv/data", target: "/data" }]
 */
export function mountsFor(
  paths: readonly string[],
  mounts: Readonly<Record<string, string>>,
): { readonly source: string; readonly target: string }[] {
  const needed = new Set(paths.map((path) => mountOf(path, mounts)));
  return Object.entries(mounts)
    .map(([target, source]) => ({ source, target }))
    .filter(({ target }) => needed.has(target))
    .sort((a, b) => (a.target < b.target ? -1 : 1));
}

function mountOf(path: string, mounts: Readonly<Record<string, string>>): string | undefined {
  const around = Object.keys(mounts).filter((target) => target !== "/" && isWithin(path, target));
  return around.sort((a, b) => b.length - a.length)[0];
}
