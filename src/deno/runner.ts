import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readProgramFolder } from "../base/programs.ts";

/** The runner as it goes into a sandbox: path → text, of programs and of their import map. */
export type RunnerBundle = Readonly<Record<string, string>>;

/** The program of it that a sandbox is started with. */
export const RUNNER_ENTRY = "host.js";

/** File of it that leads user code's imports to Drizzle. */
export const IMPORT_MAP = "import-map.json";

/** What user code's worker may do. `"inherit"` exists for tests of the outer layer alone. */
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
    // Whatever this process lets others read by itself: sandboxes may be other users'.
    await chmod(dirname(path), 0o755);
    await chmod(path, 0o644);
  }
}
