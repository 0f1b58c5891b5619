import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readProgramFolder } from "../base/programs.ts";

/** The runner's files in a sandbox: path → text, of its programs and their import map. */
export type RunnerBundle = Readonly<Record<string, string>>;

/** Name of the program that a sandbox is started with. */
export const RUNNER_ENTRY = "host.js";

/** Directory of the runner's files in a container. */
export const RUNNER_DIRECTORY = "/runner";

/** Name of the import map, which maps user code's imports to Drizzle. */
export const IMPORT_MAP = "import-map.json";

/** Permissions of user code's worker. `"inherit"` exists for tests of the outer layer alone. */
export type RunnerMode = "none" | "inherit";

/** Reads the runner that `npm run build` has made of runner-image/. */
export function readRunner(mode: RunnerMode = "none"): Promise<RunnerBundle> {
  return readProgramFolder(mode === "none" ? "runner" : "runner-open");
}

/** Writes the bundle into `directory`, for sandboxes that are processes of this host. */
export async function writeRunner(bundle: RunnerBundle, directory: string): Promise<void> {
  for (const [name, text] of Object.entries(bundle)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    // Set despite this process's umask, because sandboxes may run as other users.
    await chmod(dirname(path), 0o755);
    await chmod(path, 0o644);
  }
}
