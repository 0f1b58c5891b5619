import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { type Pack, pack } from "tar-stream";
import { call } from "./docker.ts";

const IMPORT_WITHIN = 180_000;

/**
 * Imports an image of one layer, named `repository:tag`, from the files that `write` puts into the
 * tar.
 */
export async function importRootfs(
  docker: Docker,
  name: string,
  write: (tar: Pack) => Promise<void>,
): Promise<void> {
  const [repo, tag] = name.split(":");
  const tar = pack();
  const imported = docker.importImage(Readable.from(tar), { repo, tag }).then((answer) => {
    const stream = answer as unknown as NodeJS.ReadableStream;
    return new Promise<void>((resolve, reject) => {
      stream.on("end", resolve).on("error", reject).resume();
    });
  });
  const written = write(tar).then(() => tar.finalize());
  await call("import", Promise.all([imported, written]), IMPORT_WITHIN);
}

/** Adds an executable file of this host. Follows links. */
export async function addFile(tar: Pack, source: string, name: string): Promise<void> {
  const path = await realpath(source);
  const entry = tar.entry({ name, mode: 0o755, size: (await stat(path)).size });
  await pipeline(createReadStream(path), entry);
}
