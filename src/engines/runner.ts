import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundleDatabase } from "./database-bundle.ts";

/** The runner as it goes into a sandbox: path → text, of programs and of their import map. */
export type RunnerBundle = Readonly<Record<string, string>>;

/** The program of it that a sandbox is started with. */
export const RUNNER_ENTRY = "host.js";

/** What user code's worker may do. `"inherit"` exists for tests of the outer layer alone. */
export type WorkerPermissions = "none" | "inherit";

const SOURCE = fileURLToPath(new URL("../../runner-image/", import.meta.url));

/** Bundles runner-image/ into plain JavaScript, which Deno starts several times faster. */
export async function bundleRunner(permissions: WorkerPermissions = "none"): Promise<RunnerBundle> {
  const options = {
    outdir: "/",
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    write: false,
  } as const;
  const nested = await build({ ...options, entryPoints: [join(SOURCE, "nested.ts")] });
  const { outputFiles } = await build({
    ...options,
    entryPoints: [join(SOURCE, "host.ts"), join(SOURCE, "worker.ts")],
    define: {
      WORKER_PERMISSIONS: JSON.stringify(permissions),
      NESTED_PRELUDE: JSON.stringify(nested.outputFiles[0]?.text ?? ""),
    },
  });
  const [host, worker] = outputFiles;
  if (host === undefined || worker === undefined)
    throw new Error("The runner has two entry points");
  return { [RUNNER_ENTRY]: host.text, "worker.js": worker.text, ...(await bundleDatabase()) };
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
