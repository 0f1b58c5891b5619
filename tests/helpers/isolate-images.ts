import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hasImage } from "../../src/engines/container/images.ts";
import { docker } from "./containers.ts";
import { publicOrStandIn } from "./stand-ins.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Files of a clone from which the images are built. */
export const SOURCES: readonly string[] = [
  ...["Dockerfile", ".dockerignore", "Dockerfile.runner", "tsconfig.json"],
  ...["package.json", "package-lock.json", "scripts"],
  ...["bin", "cli", "console", "doctor", "egress", "runner-image", "schemas", "server", "src"],
];
const TARGETS = ["control-plane", "egress"] as const;
const DAY = 86_400_000;
const LOCK = join(tmpdir(), "isolate-images.lock");

/** Name of each target's image. */
export type IsolateImages = Readonly<Record<(typeof TARGETS)[number], string>>;

/**
 * Builds the images of Dockerfile, unless an earlier test has built them of the same sources. Others that build them
 * find the steps done.
 */
export async function ensureIsolateImages(): Promise<IsolateImages> {
  const release = await lock(LOCK);
  const directory = await mkdtemp(join(tmpdir(), "isolate-sources-"));
  try {
    await copySources(directory);
    const dockerfile = join(directory, "Dockerfile");
    const text = await readFile(dockerfile, "utf8");
    await writeFile(dockerfile, await onPresentImages(text));
    const tag = await hashOf(directory);
    const named = TARGETS.map((target) => [target, `isolate-test-${target}:${tag}`] as const);
    for (const [target, name] of named) {
      if (await hasImage(docker, name)) continue;
      const env = { ...process.env, DOCKER_BUILDKIT: "0" };
      const args = ["build", "--quiet", "--target", target, "--tag", name, directory];
      await run("docker", args, { env, maxBuffer: 16_777_216 });
    }
    await removeOld(named.map(([, name]) => name));
    return Object.fromEntries(named) as IsolateImages;
  } finally {
    await rm(directory, { recursive: true, force: true });
    release();
  }
}

/** Removes images of sources that are older than a day, but those in use. A step that is found again keeps its date. */
async function removeOld(used: readonly string[]): Promise<void> {
  const filters = { reference: ["isolate-test-*"] };
  for (const { Created, RepoTags } of await docker.listImages({ filters })) {
    if (Created * 1_000 > Date.now() - DAY) continue;
    for (const name of (RepoTags ?? []).filter((one) => !used.includes(one))) {
      // Others may use it.
      await docker
        .getImage(name)
        .remove()
        .catch(() => {});
    }
  }
}

export async function copySources(directory: string): Promise<void> {
  for (const name of SOURCES)
    await cp(join(ROOT, name), join(directory, name), { recursive: true });
}

/** Names stand-ins where a public image cannot be had. */
async function onPresentImages(text: string): Promise<string> {
  const [, version = ""] = /^ARG DENO_VERSION=(.+)$/m.exec(text) ?? [];
  let found = text.replaceAll(`\${DENO_VERSION}`, version);
  for (const [, name = ""] of found.matchAll(/^FROM (\S+:\S+)/gm)) {
    found = found.replaceAll(`FROM ${name}`, `FROM ${await publicOrStandIn(name)}`);
  }
  return found;
}

async function hashOf(directory: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    hash.update(`\0${path.slice(directory.length)}\0`).update(await readFile(path));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Waits until no other process holds a file's lock. It ends with this process at the latest. */
async function lock(file: string): Promise<() => void> {
  const holder = spawn("flock", [file, "sh", "-c", "echo; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  await once(holder.stdout, "data");
  return () => void holder.stdin.end();
}
