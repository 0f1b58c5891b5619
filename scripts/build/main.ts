import { relative } from "node:path";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { buildLibrary } from "./library.ts";
import { buildPrograms } from "./programs.ts";
import { buildServer } from "./server.ts";
import { readStamps, signOf, writeStamps } from "./stamps.mjs";
import { buildStore } from "./store.ts";
import { writeBuilt } from "./write.ts";

/** Parts of `dist/`, by their folders' names. The library needs the programs, so it comes later. */
const PARTS = {
  programs: buildPrograms,
  server: buildServer,
  store: buildStore,
  library: buildLibrary,
} as const;

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
  for (const [name, build] of Object.entries(PARTS)) {
    if (!parts.includes(name)) continue;
    const { files, inputs } = await build();
    stamps[name] = stampOf(await writeBuilt(name, files), inputs);
  }
  stamps.build = stampOf([], ownSources);
  writeStamps(PACKAGE_ROOT, stamps);
}

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
