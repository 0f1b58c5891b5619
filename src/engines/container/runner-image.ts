import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { PACKAGE_ROOT } from "../../base/package-root.ts";
import { readProgram } from "../../base/programs.ts";
import { DENO_VERSION } from "../../deno/deno.ts";
import type { RunnerBundle } from "../../deno/runner.ts";
import { ensureBase } from "./base-image.ts";
import { call } from "./docker.ts";
import { followProgress, hasImage } from "./images.ts";
import { nullStdioProgram } from "./null-stdio.ts";

const DOCKERFILE = join(PACKAGE_ROOT, "Dockerfile.runner");
const BUILD_WITHIN = 180_000;

/**
 * Builds the sandbox image with this bundle unless the engine has it, and returns its name. The
 * name contains a hash of all inputs, so a change of any input causes a build.
 */
export async function ensureRunnerImage(
  docker: Docker,
  bundle: RunnerBundle,
  log: (line: string) => void,
): Promise<string> {
  const context = {
    Dockerfile: await readFile(DOCKERFILE, "utf8"),
    ...bundle,
    "egress.js": await readProgram("egress"),
    "null-stdio": nullStdioProgram(process.arch),
  };
  const name = `isolate-runner:${contentHash(context)}`;
  if (await hasImage(docker, name)) return name;
  const base = await ensureBase(docker, log);
  log(`Building ${name} on ${base}`);
  const tar = pack();
  for (const [name, content] of Object.entries(context)) {
    tar.entry({ name, mode: typeof content === "string" ? 0o644 : 0o755 }, content);
  }
  tar.finalize();
  const stream = await call(
    "build",
    docker.buildImage(Readable.from(tar), { t: name, buildargs: { BASE: base }, forcerm: true }),
    BUILD_WITHIN,
  );
  await call("build", followProgress(docker, stream), BUILD_WITHIN);
  return name;
}

function contentHash(files: Record<string, string | Buffer>): string {
  const hash = createHash("sha256").update(DENO_VERSION);
  for (const [name, content] of Object.entries(files)) {
    hash.update(`\0${name}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}
