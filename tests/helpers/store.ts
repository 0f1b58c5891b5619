import { createHash } from "node:crypto";
import { cpSync, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "../../server/store/open.ts";
import { makeStoreParent } from "./store-parent.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MIGRATIONS = join(ROOT, "server/store/migrations");
const CACHE = join(ROOT, "node_modules/.cache/isolate");

/**
 * Makes a directory with an empty store, below `parent` or in one that the caller removes. Copies
 * the first store with these tables, because making one takes seconds of CPU time.
 */
export async function storeDirectory(parent?: string): Promise<string> {
  const template = join(CACHE, `store-${await fingerprint()}`);
  if (!existsSync(template)) await make(template);
  const directory = join(parent ?? (await makeStoreParent()), "store");
  // A copy by promises takes three times the processor time for so many files.
  cpSync(template, directory, { recursive: true });
  return directory;
}

/** Several test files may make it at the same time. The first one to finish counts. */
async function make(template: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE, "unfinished-"));
  const store = await openStore(unfinished);
  await store.close();
  await rename(unfinished, template).catch(() => rm(unfinished, { recursive: true }));
}

async function fingerprint(): Promise<string> {
  const version = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const hash = createHash("sha256").update(await readFile(join(version, "../../package.json")));
  for (const name of (await readdir(MIGRATIONS)).sort()) {
    if (name.endsWith(".sql")) hash.update(await readFile(join(MIGRATIONS, name)));
  }
  return hash.digest("hex").slice(0, 16);
}
