import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { access, readFile, realpath, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { DENO_VERSION, denoBinary } from "../deno.ts";
import { call } from "./docker.ts";
import { hasImage, pullImage } from "./registry.ts";

/** What Deno's makers publish, and the default wherever a registry can be reached. */
const PUBLIC_BASE = `denoland/deno:distroless-${DENO_VERSION}`;
const LOCAL_BASE = `isolate-base:deno-${DENO_VERSION}`;
const IMPORT_WITHIN = 180_000;

const CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const PASSWD = "root:x:0:0::/:/none\nnobody:x:65534:65534::/tmp:/none\n";
const GROUP = "root:x:0:\nnogroup:x:65534:\n";

/**
 * The name of an image with Deno at /bin/deno: the public one, or, where no registry answers,
 * one imported from the npm package's binary and the libraries of this host it is linked with.
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
  const tar = pack();
  const [repo, tag] = LOCAL_BASE.split(":");
  const imported = docker.importImage(Readable.from(tar), { repo, tag }).then((answer) => {
    const stream = answer as unknown as NodeJS.ReadableStream;
    return new Promise<void>((resolve, reject) => {
      stream.on("end", resolve).on("error", reject).resume();
    });
  });
  const written = (async () => {
    tar.entry({ name: "tmp", type: "directory", mode: 0o1777 });
    tar.entry({ name: "etc/passwd" }, PASSWD);
    tar.entry({ name: "etc/group" }, GROUP);
    await addFile(binary, "bin/deno");
    for (const library of libraries) await addFile(library, library.slice(1));
    if (await exists(CA_BUNDLE)) {
      tar.entry({ name: CA_BUNDLE.slice(1) }, await readFile(CA_BUNDLE));
    }
    tar.finalize();
  })();
  await call("import", Promise.all([imported, written]), IMPORT_WITHIN);

  async function addFile(source: string, name: string): Promise<void> {
    const path = await realpath(source);
    const entry = tar.entry({ name, mode: 0o755, size: (await stat(path)).size });
    await pipeline(createReadStream(path), entry);
  }
}

/** Paths of the shared libraries and the loader a binary needs, as the loader itself resolves them. */
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
