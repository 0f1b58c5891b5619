import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The runner as it goes into a sandbox: file name → source text. */
export type RunnerBundle = Readonly<Record<"host.js" | "worker.js", string>>;

/** What user code's worker may do. `"inherit"` exists for tests of the outer layer alone. */
export type WorkerPermissions = "none" | "inherit";

const SOURCE = fileURLToPath(new URL("../../runner-image/", import.meta.url));

/** Bundles runner-image/ into plain JavaScript, which Deno starts several times faster. */
export async function bundleRunner(permissions: WorkerPermissions = "none"): Promise<RunnerBundle> {
  const { outputFiles } = await build({
    entryPoints: [join(SOURCE, "host.ts"), join(SOURCE, "worker.ts")],
    outdir: "/",
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    write: false,
    define: { WORKER_PERMISSIONS: JSON.stringify(permissions) },
  });
  const [host, worker] = outputFiles;
  if (host === undefined || worker === undefined)
    throw new Error("The runner has two entry points");
  return { "host.js": host.text, "worker.js": worker.text };
}

/** Writes the bundle into `directory`, for sandboxes that are processes of this host. */
export async function writeRunner(bundle: RunnerBundle, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(bundle)) await writeFile(join(directory, name), text);
}
