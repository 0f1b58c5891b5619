/** Tests that a container uses the runner's compiled code, which it has from outside. */
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { heapMegabytes } from "../../src/deno/deno.ts";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { CodeCaches } from "../../src/engines/code-cache/code-caches.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";

const HEAP = heapMegabytes(PROFILE.memory);

let directory: string;
let instance: Instance;
let codeCaches: CodeCaches;
let launcher: ContainerLauncher;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  instance = await Instance.create(directory);
  const runnerDirectory = join(instance.directory, "runner");
  const bundle = await readRunner();
  await writeRunner(bundle, runnerDirectory);
  const onError = console.error;
  const instanceDirectory = instance.directory;
  codeCaches = new CodeCaches({ instanceDirectory, runnerDirectory, onError });
  const image = await ensureRunnerImage(docker, bundle, () => {});
  launcher = new ContainerLauncher({ docker, runtime, instance, image: () => image, codeCaches });
  while (codeCaches.directoryFor(HEAP) === undefined) await sleep(20);
});
afterAll(async () => {
  await launcher.close();
  await codeCaches.close();
  await instance.close();
  await rm(directory, { recursive: true });
});

/** Lists the databases of a sandbox's process, each with the last digit of its flags. */
async function databases(slot: string): Promise<string[]> {
  const [found] = await docker.listContainers({ filters: { label: [`${Label.slot}=${slot}`] } });
  const { State } = await docker.getContainer(found?.Id ?? "").inspect();
  const names = await readdir(`/proc/${State.Pid}/fd`);
  const read = names.map(async (name) => {
    const path = await readlink(`/proc/${State.Pid}/fd/${name}`);
    const info = await readFile(`/proc/${State.Pid}/fdinfo/${name}`, "utf8");
    return `${path} ${/^flags:\s+\d*(\d)$/m.exec(info)?.[1]}`;
  });
  return (await Promise.all(read)).filter((path) => path.includes("cache_v2 "));
}

// Another runtime shows its own process, and none of the container's files.
it.skipIf(runtime === "runsc")("uses the compiled code, and only reads it", async () => {
  const sandbox = await launcher.launch(PROFILE);
  try {
    expect((await databases(sandbox.id)).sort()).toEqual([
      "/run/isolate/code/dep_analysis_cache_v2 0",
      "/run/isolate/code/node_analysis_cache_v2 0",
      "/run/isolate/code/v8_code_cache_v2 0",
    ]);
    // A frame of the runner would be seen if compiled code had another name than its text.
    const code = `export default () => fetch("relative").catch((error) => error.stack)`;
    const ending = await sandbox.run(job(code), { onLog: () => {} }, 20_000);
    const text = ending.type === "result" ? String(ending.text) : JSON.stringify(ending);
    expect(text).toContain("TypeError: Invalid URL");
    expect(text).not.toContain("worker.js");
  } finally {
    await sandbox.destroy();
  }
});
