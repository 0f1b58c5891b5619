/** Tests output that code prints without its console. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";

/**
 * Code that writes to both outputs, in every way. Only functions that it imports by name reach the
 * process: the others make log entries.
 */
const PRINT = `import { writeSync } from "node:fs";
  export default () => {
    const bytes = new Uint8Array(65_536).fill(65);
    let written = 0;
    const ways = [
      () => Deno.stdout.writeSync(bytes), () => Deno.stderr.writeSync(bytes),
      () => { process.stdout.write(bytes); return bytes.length; },
      () => writeSync(1, bytes), () => writeSync(2, bytes),
    ];
    for (const way of ways) {
      try { for (let n = 0; n < 100; n += 1) written += way(); } catch {}
    }
    return written;
  }`;
const MEGABYTE = 1_048_576;

let directory: string;
let instance: Instance;
let image: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  instance = await Instance.create(directory);
  image = await ensureRunnerImage(docker, await readRunner(), () => {});
});
afterAll(async () => {
  await instance.close();
  await rm(directory, { recursive: true });
});

/** Counts the bytes that the engine copies of the code's output, and the bytes written. */
async function printed(entrypoint?: string[]): Promise<{ written: number; copied: number }> {
  const launcher = new ContainerLauncher({
    docker,
    runtime,
    instance,
    image: () => image,
    adjust: (options) =>
      entrypoint && options.Labels?.[Label.kind] === "sandbox"
        ? { ...options, Entrypoint: entrypoint }
        : options,
  });
  const sandbox = await launcher.launch(PROFILE);
  try {
    const filters = { label: [`${Label.slot}=${sandbox.id}`] };
    const [found] = await docker.listContainers({ filters });
    const container = docker.getContainer(found?.Id ?? "");
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    let copied = 0;
    stream.on("data", (chunk: Buffer) => {
      copied += chunk.length;
    });
    const ending = await sandbox.run(job(PRINT), { onLog: () => {} }, 20_000);
    const written = ending.type === "result" ? Number(ending.text) : -1;
    await sandbox.ping(5_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { written, copied };
  } finally {
    await sandbox.destroy();
    await launcher.close();
  }
}

it("nobody reads it: there is no pipe to the engine that it could be written to", async () => {
  const { written, copied } = await printed();
  expect(written).toBeGreaterThan(8 * MEGABYTE);
  expect(copied).toBe(0);
});

it("is noticed when the engine does read it", async () => {
  const { copied } = await printed(["/bin/deno"]);
  expect(copied).toBeGreaterThan(8 * MEGABYTE);
});
