import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { DENO_VERSION, denoBinary } from "../../deno/deno.ts";
import { hasImage, pullImage } from "./images.ts";
import { addFile, importRootfs } from "./one-layer-image.ts";

/** Image that Deno publishes, the default wherever a registry can be reached. */
const PUBLIC_BASE = `denoland/deno:distroless-${DENO_VERSION}`;
const LOCAL_BASE = `isolate-base:deno-${DENO_VERSION}`;

const CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const PASSWD = "root:x:0:0::/:/none\nnobody:x:65534:65534::/tmp:/none\n";
const GROUP = "root:x:0:\nnogroup:x:65534:\n";

/**
 * Returns the name of an image with Deno at /bin/deno. It is the public one. Without a registry, an
 * image is imported from the npm package's binary and the host's libraries that it needs.
 */
export async function ensureBase(docker: Docker, log: (line: string) => void): Promise<string> {
  if (await hasImage(docker, PUBLIC_BASE)) return PUBLIC_BASE;
  if (await hasImage(docker, LOCAL_BASE)) return LOCAL_BASE;
  try {
    log(`Pulling ${PUBLIC_BASE}`);
    await pullImage(docker, PUBLIC_BASE);
    return PUBLIC_BASE;
  } catch (error) {
    log(`No registry gave it (${(error as Error).message}); importing ${LOCAL_BASE} instead`);
  }
  await importLocalBase(docker);
  return LOCAL_BASE;
}

async function importLocalBase(docker: Docker): Promise<void> {
  const binary = denoBinary();
  const libraries = await sharedLibraries(binary);
  await importRootfs(docker, LOCAL_BASE, async (tar) => {
    tar.entry({ name: "tmp", type: "directory", mode: 0o1777 });
    tar.entry({ name: "etc/passwd" }, PASSWD);
    tar.entry({ name: "etc/group" }, GROUP);
    await addFile(tar, binary, "bin/deno");
    for (const library of libraries) await addFile(tar, library, library.slice(1));
    if (await exists(CA_BUNDLE)) await addFile(tar, CA_BUNDLE, CA_BUNDLE.slice(1));
  });
}

/** Lists the loader and the shared libraries that a binary needs, as the loader resolves them. */
async function sharedLibraries(binary: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ldd", [binary]);
  return [...stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].map((match) => match[1] as string);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
