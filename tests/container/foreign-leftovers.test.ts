/** Tests which containers of other run directories are removed, and which never are. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { Label, networkOptions } from "../../src/engines/container/flags.ts";
import {
  ForeignInstances,
  RunDirectoryUnseen,
} from "../../src/engines/container/other-instances.ts";
import { reap } from "../../src/engines/container/reaper.ts";
import { removeContainer } from "../../src/engines/container/remove.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { containersOf, docker } from "../helpers/containers.ts";
import { Cleanup } from "../helpers/egress.ts";

const cleanup = new Cleanup();
afterAll(() => cleanup.run());
const DEAD_FOR = 1_000;

async function runDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "isolate-"));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Creates a container as an instance leaves it behind. */
async function leave(image: string, instance: { id: string; runDirectory: string }): Promise<void> {
  const id = randomBytes(6).toString("hex");
  const options = networkOptions({ image, id, instance });
  const container = await docker.createContainer(options);
  cleanup.add(() => removeContainer(container));
}

/** Creates a directory as a killed control plane leaves it. */
async function killed(made?: string): Promise<{ id: string; runDirectory: string }> {
  const directory = made ?? (await runDirectory());
  const id = randomBytes(4).toString("hex");
  await mkdir(join(directory, id));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, "socket"), resolve));
  // Renamed, because closing removes a socket by its first name.
  await rename(join(directory, "socket"), join(directory, id, "alive.sock"));
  await new Promise((resolve) => server.close(resolve));
  return { id, runDirectory: directory };
}

it("takes those of the dead, after a while, and no others", async () => {
  const image = await ensureRunnerImage(docker, await readRunner(), () => {});
  const own = await Instance.create(await runDirectory());
  const living = await Instance.create(await runDirectory());
  const gone = await Instance.create(await runDirectory());
  cleanup.add(() => Promise.all([own.close(), living.close()]));
  const refusing = await killed();
  // This control plane cannot see into that directory.
  const unseen = { id: randomBytes(4).toString("hex"), runDirectory: await runDirectory() };
  await mkdir(join(unseen.runDirectory, unseen.id));
  for (const instance of [living, gone, refusing, unseen]) await leave(image, instance);
  await gone.close();
  await rm(gone.runDirectory, { recursive: true });

  const foreign = new ForeignInstances(docker, own, DEAD_FOR);
  const reapNow = () => reap(docker, own, new Set(), console.error, foreign);
  const left = (instance: { runDirectory: string }) => containersOf(instance.runDirectory);
  await reapNow();
  for (const instance of [living, gone, refusing, unseen]) {
    expect(await left(instance)).toHaveLength(1);
  }
  await sleep(DEAD_FOR);
  await reapNow();
  expect(await left(gone)).toEqual([]);
  expect(await left(refusing)).toEqual([]);
  expect(await left(living)).toHaveLength(1);
  expect(await left(unseen)).toHaveLength(1);
  // Looking leaves neither a container nor a directory behind.
  expect(await left(own)).toEqual([]);
  await expect(readdir(gone.runDirectory)).rejects.toMatchObject({ code: "ENOENT" });
});

it("takes those of the dead of one's own run directory by the same proof, at once where a socket refuses", async () => {
  const image = await ensureRunnerImage(docker, await readRunner(), () => {});
  const own = await Instance.create(await runDirectory());
  cleanup.add(() => own.close());
  const { runDirectory: shared } = own;
  const refusing = await killed(shared);
  const gone = { id: randomBytes(4).toString("hex"), runDirectory: shared };
  const unseen = { id: randomBytes(4).toString("hex"), runDirectory: shared };
  await mkdir(join(shared, unseen.id));
  for (const instance of [refusing, gone, unseen]) await leave(image, instance);
  const left = async () => {
    const label = [`${Label.runDirectory}=${shared}`];
    const containers = await docker.listContainers({ all: true, filters: { label } });
    return containers.map(({ Labels }) => Labels[Label.instance]).sort();
  };
  const foreign = new ForeignInstances(docker, own, DEAD_FOR);
  const reapNow = () => reap(docker, own, new Set(), console.error, foreign);

  // A server that cannot see the engine's directories finds the same.
  await rename(join(own.directory, "alive.sock"), join(own.directory, "hidden.sock"));
  await expect(reapNow()).rejects.toThrow(RunDirectoryUnseen);
  expect(await left()).toHaveLength(3);
  await rename(join(own.directory, "hidden.sock"), join(own.directory, "alive.sock"));

  await own.removeDead();
  await reapNow();
  expect(await left()).toEqual([gone.id, unseen.id].sort());
  await sleep(DEAD_FOR);
  await reapNow();
  expect(await left()).toEqual([unseen.id]);
});
