/**
 * Makes images of this host's own programs, by the names in compose.yaml and Dockerfile. For Debian
 * machines that cannot reach a registry.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DENO_VERSION } from "../../src/deno/deno.ts";
import { ensureBase } from "../../src/engines/container/base-image.ts";
import { hasImage, pullImage } from "../../src/engines/container/images.ts";
import { nodeProgram } from "../nodes/programs.ts";
import { docker } from "./containers.ts";
import { importLocalImage, withLibraries } from "./local-image.ts";

const run = promisify(execFile);

export const HAPROXY = "haproxy:2.6-bookworm";
/** Images of compose.yaml and of Dockerfile. */
export const STAND_INS: Readonly<Record<string, (name: string) => Promise<void>>> = {
  "node:24-bookworm-slim": node,
  "postgres:15-bookworm": postgres,
  [`denoland/deno:distroless-${DENO_VERSION}`]: deno,
};
const SHELL = "sh bash cat chmod chown cp env id ln ls mkdir mv rm setpriv sleep tar uname";
/** Versions of all that is installed. */
const PACKAGES = "/var/lib/dpkg/status";
const CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";

/** Files that decide what is in the images. */
const OWN_FILES = ["stand-ins.ts", "local-image.ts"].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

/** Starts as the public image does: initialises a new directory, with login by password. */
const START_POSTGRES = `#!/bin/sh
set -eu
data=/var/lib/postgresql/data
if [ "$(id -u)" = 0 ]; then
  chown postgres "$data" && chmod 700 "$data"
  exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0"
fi
if [ ! -s "$data/PG_VERSION" ]; then
  printf %s "$POSTGRES_PASSWORD" > /tmp/password
  initdb --pgdata="$data" --username="$POSTGRES_USER" --pwfile=/tmp/password --no-sync \\
    --encoding=UTF8 --no-locale --auth-local=trust --auth-host=scram-sha-256
  echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB;" | postgres --single -D "$data" postgres
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
`;

/**
 * Provides the images. Returns a function that removes the names given here, so that the stand-ins are
 * never mistaken for the public ones. They stay under names of their own, for what is built on them is
 * found again only then.
 */
export async function ensureImages(): Promise<() => Promise<void>> {
  const made: string[] = [];
  for (const name of Object.keys(STAND_INS)) {
    if (await isThere(name)) continue;
    const [repo = "", tag = ""] = name.split(":");
    await docker.getImage(await standIn(name)).tag({ repo, tag });
    made.push(name);
  }
  return async () => {
    for (const name of made) await docker.getImage(name).remove({ noprune: true });
  };
}

/** Returns the public image, or else its stand-in. */
export async function publicOrStandIn(name: string): Promise<string> {
  return (await isThere(name)) ? name : standIn(name);
}

async function standIn(name: string): Promise<string> {
  const kept = `isolate-stand-in/${name}-${await contentHash(name)}`;
  if (await hasImage(docker, kept)) return kept;
  await (name === HAPROXY ? haproxy : STAND_INS[name])?.(kept);
  return kept;
}

/** Hashes what an image is made of and by: the host's packages, this file, certificates. */
async function contentHash(name: string): Promise<string> {
  const hash = createHash("sha256").update(name).update(nodeProgram("24")).update(DENO_VERSION);
  for (const file of [...OWN_FILES, CA_BUNDLE, PACKAGES]) {
    hash.update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 12);
}

async function isThere(name: string): Promise<boolean> {
  if (await hasImage(docker, name)) return true;
  return pullImage(docker, name).then(
    () => true,
    () => false,
  );
}

async function node(name: string): Promise<void> {
  const { stdout } = await run("npm", ["root", "--global"]);
  const npm = join(stdout.trim(), "npm");
  const program = nodeProgram("24");
  const [, ...libraries] = await withLibraries([program]);
  const own = await withLibraries(await shell());
  await importLocalImage({
    name,
    files: [...own, ...libraries, ...(await systemLibraries()), npm, CA_BUNDLE],
    // A checkout may be in a folder that containers mount something else on, such as /tmp.
    copies: { node: program },
    links: { npm: join(npm, "bin/npm-cli.js") },
    // As on this host, a proxy in front of the registry is trusted.
    changes: [`ENV NODE_EXTRA_CA_CERTS=${CA_BUNDLE}`],
  });
}

async function postgres(name: string): Promise<void> {
  const { stdout } = await run("sh", ["-c", "ls -d /usr/lib/postgresql/*/bin | tail -n 1"]);
  const bin = stdout.trim();
  const library = join(dirname(bin), "lib");
  const programs = ["initdb", "postgres", "pg_isready"].map((program) => join(bin, program));
  // Without its compiler, which is larger than everything else.
  const modules = (await readdir(library))
    .filter((file) => file.endsWith(".so") && !file.startsWith("llvmjit"))
    .map((file) => join(library, file));
  const linked = await withLibraries([...programs, ...(await shell()), ...modules]);
  const share = join("/usr/share/postgresql", basename(dirname(bin)));
  await importLocalImage({
    name,
    files: [...linked, share, "/usr/share/zoneinfo"],
    start: START_POSTGRES,
    changes: [`ENV PATH=${bin}:/usr/bin`, 'ENTRYPOINT ["/start"]'],
  });
}

async function haproxy(name: string): Promise<void> {
  const program = "/usr/sbin/haproxy";
  const start = [program, "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"];
  await importLocalImage({
    name,
    files: await withLibraries([program]),
    changes: ["USER 99", `ENTRYPOINT ${JSON.stringify(start)}`],
  });
}

async function deno(name: string): Promise<void> {
  const [repo = "", tag = ""] = name.split(":");
  await docker.getImage(await ensureBase(docker, () => {})).tag({ repo, tag });
}

async function shell(): Promise<string[]> {
  return (await run("which", SHELL.split(" "))).stdout.trim().split("\n");
}

/**
 * Lists libraries that binaries of packages are linked with. No program of this host needs them
 * here.
 */
async function systemLibraries(): Promise<string[]> {
  const { stdout } = await run("dpkg", ["--listfiles", "libc6", "libgcc-s1", "libstdc++6"]);
  return stdout.split("\n").filter((path) => /\/[^/]+\.so(\.\d+)*$/.test(path));
}
