import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { deadline } from "../../base/deadline.ts";
import { ownDescriptors } from "../../base/inherited-descriptors.ts";
import { builtPath } from "../../base/package-root.ts";
import {
  denoBinary,
  HOST_ENVIRONMENT,
  hostArguments,
  NO_REACH,
  RUN_ALONE,
} from "../../deno/deno.ts";
import { RUNNER_DIRECTORY } from "../../deno/runner.ts";
import { SocketDirectory } from "../connection/socket-directory.ts";

/** Database with the code that V8 has compiled. Deno makes others beside it. */
export const CODE = "v8_code_cache_v2";

const MADE_WITHIN = 60_000;
/**
 * Files beside a database without which nobody opens it who may not write, and their contents. The log
 * has the length of its header. Of a shorter one SQLite assumes at each query that somebody may have
 * written meanwhile. It would map the database anew each time, which costs four times the query.
 */
const LOG_FILES = { "-wal": new Uint8Array(32), "-shm": new Uint8Array(0) };
const READ_ONLY = 0o444;
const ENTERED_BY_ALL = 0o755;

export interface CodeCacheOptions {
  /** Directory in which sandboxes of this instance have theirs. */
  readonly instanceDirectory: string;
  /** Directory with the files of `writeRunner()`. */
  readonly runnerDirectory: string;
  readonly heapMegabytes: number;
  /** Path that the finished directory gets. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a directory with the code that a sandbox compiles until it is ready. Starts the runner once
 * for that, without code of a user, and with the flags of a sandbox. V8 refuses code that was
 * compiled with other ones.
 *
 * The files are read-only, and so is their use: what is compiled for one sandbox is never kept for
 * another one.
 */
export async function makeCodeCache(options: CodeCacheOptions): Promise<void> {
  const { instanceDirectory, runnerDirectory, heapMegabytes, directory, signal } = options;
  const making = `${directory}.new`;
  const sockets = await SocketDirectory.create(instanceDirectory);
  try {
    await rm(making, { recursive: true, force: true });
    await mkdir(making);
    const socket = sockets.controlSocket;
    const args = hostArguments({
      runnerDirectory,
      sockets: [socket],
      heapMegabytes,
      reach: NO_REACH,
    });
    await untilEnded(args, making, signal, async () => (await sockets.connected()).close());
    const urls = [runnerDirectory, RUNNER_DIRECTORY].map((path) => `${pathToFileURL(path)}/`);
    const within = [`--allow-read=${making}`, `--allow-write=${making}`];
    const packer = builtPath("programs", "code-cache", "pack.js");
    await untilEnded([...RUN_ALONE, ...within, packer, making, ...urls], undefined, signal);
    await close(making);
    await rm(directory, { recursive: true, force: true });
    await rename(making, directory);
  } finally {
    await sockets.remove();
    await rm(making, { recursive: true, force: true });
  }
}

/** Runs Deno, meanwhile `work`, and waits for its end. Nobody waits for this, so it gives way. */
async function untilEnded(
  args: readonly string[],
  caches: string | undefined,
  signal: AbortSignal,
  work = async (): Promise<void> => {},
): Promise<void> {
  const child = spawn(denoBinary(), args, {
    cwd: "/",
    env: { ...HOST_ENVIRONMENT, ...(caches !== undefined && { DENO_DIR: caches }) },
    stdio: ownDescriptors(["ignore", "ignore", "ignore"]) as StdioOptions,
    signal,
    killSignal: "SIGKILL",
  });
  try {
    lower(child);
    const ended = once(child, "exit").then(([code]) => {
      if (code !== 0) throw new Error(`Deno ended with code ${code} while it compiled the runner`);
    });
    await deadline(Promise.all([work(), ended]), MADE_WITHIN, "Compiling the runner");
  } finally {
    child.kill("SIGKILL");
  }
}

function lower({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended.
  }
}

function isOfLog(name: string): boolean {
  return Object.keys(LOG_FILES).some((end) => name.endsWith(end));
}

/** Makes what is left of the databases read-only, for everybody. */
async function close(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  if (!names.includes(CODE)) throw new Error("Deno has kept no compiled code");
  for (const entry of entries.filter((one) => !one.isFile())) {
    await rm(join(directory, entry.name), { recursive: true });
  }
  for (const name of names.filter((one) => !isOfLog(one))) {
    const path = join(directory, name);
    for (const [end, bytes] of Object.entries(LOG_FILES)) {
      await writeFile(`${path}${end}`, bytes);
      await chmod(`${path}${end}`, READ_ONLY);
    }
    await chmod(path, READ_ONLY);
  }
  await chmod(directory, ENTERED_BY_ALL);
}
