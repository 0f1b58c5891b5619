import { once } from "node:events";
import { relative } from "node:path";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { buildClientPackage } from "./client-package.ts";
import { buildConsole } from "./console.ts";
import { buildLibrary } from "./library.ts";
import { type Built, buildPrograms } from "./programs.ts";
import { buildServer } from "./server.ts";
import { readStamps, signOf, writeStamps } from "./stamps.mjs";
import { buildStore } from "./store.ts";
import { writeBuilt } from "./write.ts";

/** Parts of `dist/` that are built at the same time, by their folders' names. */
const PARTS: Readonly<Record<string, () => Promise<Built>>> = {
  programs: buildPrograms,
  console: buildConsole,
  server: buildServer,
  store: buildInThread,
};

/** Part that is built with the programs' help. */
const LIBRARY = "library";
/** Part that has the library's types. */
const CLIENT_PACKAGE = "client-package";

/** A source of every part, because other packages change all of them. */
const LOCK = "package-lock.json";

/**
 * Builds parts of `dist/` again and records their sources.
 *
 * @param parts Names out of `PARTS`; `build` itself is made already.
 * @param ownSources Sources of this build, relative to the root.
 */
export async function main(parts: readonly string[], ownSources: readonly string[]): Promise<void> {
  const stamps = readStamps(PACKAGE_ROOT);
  const make = async (name: string, build: () => Promise<Built>): Promise<void> => {
    if (!parts.includes(name)) return;
    const { files, inputs } = await build();
    stamps[name] = stampOf(await writeBuilt(name, files), inputs);
  };
  const [programs, ...others] = Object.entries(PARTS).map((part) => make(...part));
  const library = async (): Promise<void> => {
    await programs;
    await make(LIBRARY, buildLibrary);
    await make(CLIENT_PACKAGE, buildClientPackage);
  };
  await Promise.all([library(), ...others]);
  stamps.build = stampOf([], ownSources);
  writeStamps(PACKAGE_ROOT, stamps);
}

/** Builds the store's template in a thread of its own, because PostgreSQL occupies its thread for seconds. */
async function buildInThread(): Promise<Built> {
  const thread = new Worker(new URL(import.meta.url));
  const [built] = await once(thread, "message");
  return built;
}

if (!isMainThread) parentPort?.postMessage(await buildStore());

function stampOf(outputs: readonly string[], inputs: readonly string[]) {
  const paths = [...new Set([LOCK, ...inputs.map(toRelative)])].sort();
  return {
    outputs,
    sources: Object.fromEntries(paths.map((path) => [path, signOf(PACKAGE_ROOT, path)])),
  };
}

function toRelative(path: string): string {
  return path.startsWith("/") ? relative(PACKAGE_ROOT, path) : path;
}
