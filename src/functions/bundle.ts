import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import pLimit from "p-limit";
import { BadRequest, HostBusy } from "../errors.ts";
import type { BundleInput, BundleOutput } from "./bundler.ts";
import { FILE_LIMITS } from "./limits.ts";

export type { BundleInput };

const BUNDLER = fileURLToPath(new URL("../../src/functions/bundler.ts", import.meta.url));

/** Milliseconds one bundle may take; a usual one takes a tenth of a second. */
const TIMEOUT = 10_000;
/** Kilobytes of memory, and seconds of processor time, of each of the processes. */
const MEMORY = 262_144;
const CPU = 3;
/** Megabytes of the heap of the one that runs the bundler. */
const HEAP = 128;
const AT_ONCE = 2;
const MAX_WAITING = 32;

const limit = pLimit(AT_ONCE);
let script: Promise<string> | undefined;

/**
 * Makes one module of the files of a function, whose exports are those of `main`. Only these files are
 * imported, and what every sandbox has (`node:…`, Drizzle); no disk is read and no package. It happens
 * in a process of its own that is bounded in time and memory: a few hundred kilobytes that mean no good
 * cost a bundler gigabytes.
 *
 * Rejects with `BadRequest` that names `files` or `main`, and the line; `HostBusy` if many others wait.
 *
 * @example
 * const files = { "main.ts": 'import { n } from "./n.ts"; export default () => n', "n.ts": "export const n = 1" };
 * await bundleFunction({ files, main: "main.ts" });
 */
export async function bundleFunction(input: BundleInput): Promise<string> {
  assertFiles(input);
  if (limit.pendingCount >= MAX_WAITING) throw new HostBusy("Too many functions are being bundled");
  const output = await limit(() => run(input));
  if ("code" in output) return output.code;
  const { fault, file, line } = output;
  const where = file === undefined ? "" : `${file}:${line}: `;
  throw new BadRequest("files", `files: ${where}${fault}`);
}

function assertFiles({ files, main }: BundleInput): void {
  const paths = Object.keys(files);
  if (paths.length > FILE_LIMITS.files) {
    throw new BadRequest("files", `files: ${FILE_LIMITS.files} at most`);
  }
  for (const path of paths) {
    if (isPath(path)) continue;
    const shown = JSON.stringify(path.slice(0, 50));
    throw new BadRequest("files", `files: ${shown} is not a path such as "lib/names.ts"`);
  }
  const bytes = Object.values(files).reduce((sum, each) => sum + Buffer.byteLength(each), 0);
  if (bytes > FILE_LIMITS.bytes) {
    throw new BadRequest("files", `files: ${bytes} bytes exceed the limit of ${FILE_LIMITS.bytes}`);
  }
  if (!Object.hasOwn(files, main)) throw new BadRequest("main", "main: Not among the files");
}

/** Relative, and the only spelling of itself. */
function isPath(path: string): boolean {
  if (path.length > FILE_LIMITS.pathLength || path === "__proto__") return false;
  return path.split("/").every((part) => /^[\w@+=-][\w.@+=-]*$/.test(part));
}

async function run(input: BundleInput): Promise<BundleOutput> {
  script ??= bundleBundler();
  // Limits of the shell's, which are this process' no more once it has become the other program.
  const limited = `ulimit -d ${MEMORY} && ulimit -t ${CPU} && exec "$0" "$@"`;
  const args = [`--max-old-space-size=${HEAP}`, "--input-type=module", "-e", await script];
  const child = spawn("/bin/sh", ["-c", limited, process.execPath, ...args], {
    cwd: "/",
    env: {},
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const timer = setTimeout(() => kill(child.pid), TIMEOUT);
  try {
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(input));
    return JSON.parse(await text(child.stdout)) as BundleOutput;
  } catch {
    // It has ended in the middle: what it was given was too much for it.
    return { fault: "They cannot be bundled within the limits of time and memory" };
  } finally {
    clearTimeout(timer);
    kill(child.pid);
  }
}

/** With the bundler's own process, which is of the same group. */
function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}

async function bundleBundler(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [BUNDLER],
    bundle: true,
    format: "esm",
    platform: "node",
    target: "esnext",
    write: false,
    minify: true,
    define: { ESBUILD: JSON.stringify(import.meta.resolve("esbuild")) },
  });
  return outputFiles[0]?.text ?? "";
}
