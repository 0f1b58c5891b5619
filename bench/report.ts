import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { judge, type Row } from "./table.ts";

/** Rows of one measurement, by its name in `--only`. */
export interface Measured {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly seconds: number;
  /** Load of the machine before it. A figure of a busy machine says little. */
  readonly load: number;
}

export function loadNow(): number {
  return loadavg()[0] ?? Number.NaN;
}

/** Returns the checkout's commit, with a mark if files differ from it. */
export function commitOf(root: string): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") ? "+" : ""}`;
  } catch {
    return "no commit";
  }
}

/** Writes all samples and their judgement, for machines. Numbers that are missing are null. */
export function writeReport(
  path: string,
  about: { machine: string; commit: string; date: string; missing: Record<string, string> },
  all: readonly Measured[],
): Promise<void> {
  const rows = all.flatMap(({ name, rows, seconds, load }) =>
    rows.map((row) => ({ row: name, ...row, ...judge(row), seconds, load })),
  );
  return writeFile(path, `${JSON.stringify({ ...about, rows }, undefined, 2)}\n`);
}
