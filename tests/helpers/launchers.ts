import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunnerMode, readRunner, writeRunner } from "../../src/deno/runner.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { docker, runtime } from "./containers.ts";

/** A launcher of sandboxes in a run directory of its own. */
export interface TestLauncher<Launcher> {
  readonly directory: string;
  readonly launcher: Launcher;
  /** Removes the directory. The test closes the launcher itself, and may look at what that leaves. */
  remove(): Promise<void>;
}

/** Makes a launcher of containers. */
export async function containerLauncher(): Promise<TestLauncher<ContainerLauncher>> {
  const directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const instance = await Instance.create(directory);
  const image = await ensureRunnerImage(docker, await readRunner(), () => {});
  const launcher = new ContainerLauncher({ docker, runtime, instance, image: () => image });
  const remove = async (): Promise<void> => {
    await instance.close();
    await rm(directory, { recursive: true });
  };
  return { directory, launcher, remove };
}

/** Makes a launcher of processes. Default: Workers without permissions. */
export async function processLauncher(
  mode: RunnerMode = "none",
): Promise<TestLauncher<DenoProcessLauncher>> {
  const directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const runnerDirectory = join(directory, "runner");
  await writeRunner(await readRunner(mode), runnerDirectory);
  const launcher = new DenoProcessLauncher({ instanceDirectory: directory, runnerDirectory });
  return { directory, launcher, remove: () => rm(directory, { recursive: true }) };
}
