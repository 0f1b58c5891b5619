import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../helpers/pages.ts";

const run = promisify(execFile);
const MIGRATIONS = "server/store/migrations/*.sql";

/** A folder with the sources, the packages and the build of a version. */
export interface FormerVersion {
  readonly name: string;
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * Finds the version that servers of this one replace: the last release. As long as there is none, it is the last commit
 * with fewer migrations. Returns `undefined` where the sources have no history.
 */
export async function formerCommit(): Promise<string | undefined> {
  const git = async (...args: string[]): Promise<string> =>
    (await run("git", args, { cwd: ROOT })).stdout.trim();
  try {
    const [tag] = (await git("tag", "--sort=-version:refname", "--list", "v*")).split("\n");
    if (tag) return await git("rev-parse", `${tag}^{commit}`);
    const added = ["log", "--diff-filter=A", "--format=%H", "--", MIGRATIONS];
    const [newest = ""] = (await git(...added)).split("\n");
    return await git("rev-parse", `${newest}^`);
  } catch {
    return undefined;
  }
}

/** Makes a version of a commit, or takes the folder that `FORMER_VERSION` names. */
export async function formerVersion(commit: string): Promise<FormerVersion> {
  const { FORMER_VERSION } = process.env;
  if (FORMER_VERSION)
    return { name: FORMER_VERSION, folder: FORMER_VERSION, remove: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "isolate-former-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true });
  const inside = { cwd: folder, maxBuffer: 16_777_216 };
  try {
    await run("sh", ["-c", `git archive ${commit} | tar -x -C '${folder}'`], { cwd: ROOT });
    await run("npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"], inside);
    await run(process.execPath, ["scripts/build.mjs"], inside);
  } catch (error) {
    await remove();
    throw error;
  }
  return { name: commit, folder, remove };
}
